import { ProviderRegistry } from '@promptlab/providers'
import { EchoProvider } from '@promptlab/providers/echo'
import { GeminiProvider } from '@promptlab/providers/gemini'
import { OpenAIProvider } from '@promptlab/providers/openai'
import { v7 as newId } from 'uuid'
import { systemClock } from './base/clock.ts'
import type { Logger } from './base/logger.ts'
import { untilReachable } from './base/until-reachable.ts'
import type { AppDeps } from './build-app.ts'
import type { Config } from './config/config.ts'
import type { JobTracer } from './jobs/ports/job-tracer.ts'
import type { BullmqJobQueueOptions } from './queue/bullmq-job-queue.ts'
import { InProcessJobQueue } from './queue/in-process-job-queue.ts'
import { storeAt } from './stores.ts'
import { MemoryTokenLog } from './token-log/memory-token-log.ts'

/** What all keys and channels in Redis begin with. */
const REDIS_PREFIX = 'promptlab:'

/**
 * Opens the adapters that the configuration names; the only place that knows them.
 * @param logger told what an operator should know about them, also while they are being opened
 * @throws StoreOpenError
 * @throws UnreachableError a server that it needs does not answer
 */
export async function openDependencies(config: Config, logger: Logger): Promise<AppDeps> {
  const providers = providersOf(config)
  const { redisUrl, runnerLeaseMs: leaseMs } = config
  const tracer = await openTracer(config, logger)
  const jobs = await storeAt(config.store).open({ logger, shared: redisUrl !== undefined, leaseMs })
  const limits = {
    maxConcurrent: config.maxConcurrentJobs,
    maxConcurrentPerProvider: config.maxConcurrentJobsPerProvider ?? fairShare(config, providers.names.length),
    maxConcurrentPerOwner: config.maxJobsPerKey ?? callerShare(config),
    maxQueued: config.maxQueuedJobs,
  }
  if (redisUrl === undefined) {
    const [queue, tokenLog] = [new InProcessJobQueue(limits), new MemoryTokenLog()]
    return { jobs, queue, tokenLog, providers, clock: systemClock, newId, tracer }
  }
  try {
    const options = { ...limits, url: redisUrl, providers: providers.names, lockMs: leaseMs, logger }
    return { jobs, ...(await openRedis(options)), providers, clock: systemClock, newId, tracer }
  } catch (error) {
    await jobs.close()
    throw error
  }
}

/** Loaded only when somebody collects traces. */
async function openTracer({ tracing }: Config, logger: Logger): Promise<JobTracer | undefined> {
  if (!tracing) return undefined
  const { OtlpJobTracer } = await import('./monitoring/tracing/otlp-job-tracer.ts')
  return OtlpJobTracer.open(tracing, logger)
}

type SharedDeps = Pick<AppDeps, 'queue' | 'requestCounters' | 'tokenLog'>

/** What several processes share but for the jobs. Loaded only when it is configured. */
async function openRedis(options: Omit<BullmqJobQueueOptions, 'prefix'>): Promise<SharedDeps> {
  const { BullmqJobQueue } = await import('./queue/bullmq-job-queue.ts')
  const { openRequestCounters } = await import('./redis/request-counters.ts')
  const { RedisTokenLog } = await import('./token-log/redis-token-log.ts')
  const open = { ...options, prefix: REDIS_PREFIX }
  return await untilReachable(async () => {
    const tokenLog = await RedisTokenLog.open(open)
    try {
      const queue = await BullmqJobQueue.open(open)
      return { tokenLog, queue, requestCounters: openRequestCounters(options) }
    } catch (error) {
      await tokenLog.stop()
      throw error
    }
  }, options)
}

/** The most jobs of one provider for which, with all other providers but one stuck as well, that one still finds room. */
function fairShare({ maxConcurrentJobs }: Config, providerCount: number): number {
  return Math.max(1, Math.floor((maxConcurrentJobs - 1) / Math.max(1, providerCount - 1)))
}

/** Half of the workers, so that a caller with many jobs leaves room, unless nobody else is there. */
function callerShare({ maxConcurrentJobs, apiKeys = [] }: Config): number {
  const callers = new Set(apiKeys.map(({ name }) => name))
  return callers.size > 1 ? Math.ceil(maxConcurrentJobs / 2) : maxConcurrentJobs
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
