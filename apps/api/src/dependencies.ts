import { ProviderRegistry } from '@promptlab/providers'
import { EchoProvider } from '@promptlab/providers/echo'
import { GeminiProvider } from '@promptlab/providers/gemini'
import { OpenAIProvider } from '@promptlab/providers/openai'
import { v7 as newId } from 'uuid'
import type { AppDeps } from './build-app.ts'
import { systemClock } from './clock.ts'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'
import { InProcessJobQueue } from './queue/in-process-job-queue.ts'
import { openJobs } from './stores.ts'
import { MemoryTokenLog } from './token-log/memory-token-log.ts'

/**
 * Opens the adapters that the configuration names; the only place that knows them.
 * @param logger told what an operator should know about them, also while they are being opened
 * @throws StoreOpenError
 * @throws UnreachableError a server that it needs does not answer
 */
export async function openDependencies(config: Config, logger: Pick<Logger, 'info' | 'warn'>): Promise<AppDeps> {
  const providers = providersOf(config)
  return {
    jobs: await openJobs(config.store, { logger, shared: false }),
    queue: new InProcessJobQueue({
      maxConcurrent: config.maxConcurrentJobs,
      maxConcurrentPerProvider: config.maxConcurrentJobsPerProvider ?? fairShare(config, providers.names.length),
      maxQueued: config.maxQueuedJobs,
    }),
    tokenLog: new MemoryTokenLog(),
    providers,
    clock: systemClock,
    newId,
  }
}

/** The most jobs of one provider for which, with all other providers but one stuck as well, that one still finds room. */
function fairShare({ maxConcurrentJobs }: Config, providerCount: number): number {
  return Math.max(1, Math.floor((maxConcurrentJobs - 1) / Math.max(1, providerCount - 1)))
}

function providersOf({ echo, openai, gemini }: Config): ProviderRegistry {
  return new ProviderRegistry([
    { provider: new EchoProvider({ delayMs: echo.delayMs }) },
    {
      provider: new OpenAIProvider({ apiKey: openai.apiKey, baseURL: openai.baseUrl, models: openai.models }),
      missing: () => (openai.apiKey() ? [] : ['OPENAI_API_KEY']),
    },
    {
      provider: new GeminiProvider({ apiKey: gemini.apiKey, baseURL: gemini.baseUrl, models: gemini.models }),
      missing: () => (gemini.apiKey() ? [] : ['GEMINI_API_KEY']),
    },
  ])
}
