import { ProviderRegistry, vendorEntry } from '@promptlab/providers'
import { v7 as newId } from 'uuid'
import { systemClock } from './base/clock.ts'
import { loadAdapter } from './base/load-adapter.ts'
import type { Logger } from './base/logger.ts'
import { untilReachable } from './base/until-reachable.ts'
import type { AppDeps } from './build-app.ts'
import { readBudgetsFile } from './config/budgets-file.ts'
import type { Config } from './config/config.ts'
import { readFallbacksFile } from './config/fallbacks-file.ts'
import { readPricesFile } from './config/prices-file.ts'
import { callerShare, countCallers, providerShare } from './config/shares.ts'
import type { Budgets } from './jobs/budget/budgets.ts'
import type { OperatorFallbacks } from './jobs/input/fallbacks.ts'
import type { FeedChannel } from './jobs/ports/feed-channel.ts'
import type { JobTracer } from './jobs/ports/job-tracer.ts'
import type { Webhooks } from './jobs/ports/webhooks.ts'
import { PriceTable } from './prices/price-table.ts'
import type { BullmqJobQueueOptions } from './queue/bullmq-job-queue.ts'
import { InProcessJobQueue } from './queue/in-process-job-queue.ts'
import { storeAt } from './stores.ts'
import { MemoryTokenLog } from './token-log/memory-token-log.ts'

/** All keys and channels in Redis begin with this text. */
const REDIS_PREFIX = 'promptlab:'

/** The adapters of the app, opened. */
export interface Dependencies extends AppDeps {
  /**
   * Loads what the first calls of vendors need: the SDKs of those that have keys, and their list prices. This blocks the process for
   * 60 ms or more. What is called before is loaded then.
   */
  readonly prepareCalls: () => Promise<void>
}

/**
 * Opens the adapters that the configuration names. Only this file and `stores.ts` know the adapters.
 * @param logger gets what an operator should know about the adapters, also while they are being opened
 * @throws ConfigError the file of prices, fallbacks or budgets cannot be read
 * @throws StoreOpenError
 * @throws UnreachableError a server that an adapter needs does not answer
 */
export async function openDependencies(config: Config, logger: Logger): Promise<Dependencies> {
  const entries = openVendors(config, logger)
  const providers = new ProviderRegistry(entries)
  const prices = await openPrices(config)
  const prepareCalls = async () => {
    const callable = entries.filter(({ missing }) => missing().length === 0)
    // Only workers call. All processes price, for budgets.
    if (config.role !== 'api') await Promise.all(callable.map(({ provider }) => provider.prepare?.()))
    for (const { provider } of callable) prices.prepare(provider.name)
  }
  const fallbacks = await openFallbacks(config)
  const budgets = await openBudgets(config)
  const { redisUrl, runnerLeaseMs: leaseMs } = config
  const tracer = await openTracer(config, logger)
  const webhooks = await openWebhooks(config)
  const common = { providers, prices, fallbacks, budgets, webhooks, clock: systemClock, newId, tracer, prepareCalls }
  const jobs = await storeAt(config.store).open({ logger, shared: redisUrl !== undefined, leaseMs })
  const limits = limitsOf(config, providers)
  if (redisUrl === undefined) {
    const [queue, tokenLog] = [new InProcessJobQueue(limits), new MemoryTokenLog()]
    return { jobs, queue, tokenLog, ...common }
  }
  try {
    const options = { ...limits, url: redisUrl, providers: providers.names, lockMs: leaseMs, logger }
    return { jobs, ...(await openRedis(options)), ...common }
  } catch (error) {
    await jobs.close()
    throw error
  }
}

function openVendors({ vendors }: Config, logger: Logger) {
  return vendors.map(({ vendor, settings, naming }) => {
    const onNotice = (notice: string) => logger.warn({ provider: vendor.name }, notice)
    return vendorEntry(vendor, { ...settings, onNotice }, naming)
  })
}

/** A vendor without an address is a provider that calls nobody. */
async function openPrices({ vendors, pricesFile }: Config): Promise<PriceTable> {
  const billed = vendors.flatMap(({ vendor, settings }) =>
    vendor.baseUrl ? [{ name: vendor.name, baseUrl: settings.baseUrl }] : [],
  )
  const names = vendors.map(({ vendor }) => vendor.name)
  return new PriceTable(billed, pricesFile === undefined ? {} : await readPricesFile(pricesFile, names))
}

async function openFallbacks({ vendors, fallbacksFile }: Config): Promise<OperatorFallbacks | undefined> {
  const names = vendors.map(({ vendor }) => vendor.name)
  return fallbacksFile === undefined ? undefined : await readFallbacksFile(fallbacksFile, names)
}

async function openBudgets({ apiKeys = [], budgetsFile }: Config): Promise<Budgets | undefined> {
  const callers = apiKeys.map(({ name }) => name)
  return budgetsFile === undefined ? undefined : await readBudgetsFile(budgetsFile, callers)
}

async function openWebhooks({ webhooks }: Config): Promise<Webhooks | undefined> {
  if (!webhooks) return undefined
  const { HttpWebhooks } = await import('./webhooks/http-webhooks.ts')
  return new HttpWebhooks({ ...webhooks, clock: systemClock })
}

function limitsOf(config: Config, providers: ProviderRegistry) {
  const { maxConcurrentJobs: maxConcurrent, maxConcurrentJobsPerProvider, maxJobsPerKey, apiKeys = [] } = config
  // A provider whose key appears later has the same share. Only a new start counts it.
  const configured = providers.list().filter((provider) => provider.configured)
  return {
    maxConcurrent,
    maxConcurrentPerProvider: maxConcurrentJobsPerProvider ?? providerShare(maxConcurrent, configured.length),
    maxConcurrentPerOwner: maxJobsPerKey ?? callerShare(maxConcurrent, countCallers(apiKeys)),
    maxQueued: config.maxQueuedJobs,
  }
}

/** Loads the tracer only if tracing is on. */
async function openTracer({ tracing }: Config, logger: Logger): Promise<JobTracer | undefined> {
  if (!tracing) return undefined
  const { OtlpJobTracer } = await loadAdapter('Tracing', () => import('./monitoring/tracing/otlp-job-tracer.ts'))
  return OtlpJobTracer.open(tracing, logger)
}

type SharedDeps = Pick<AppDeps, 'feedChannel' | 'queue' | 'requestCounters' | 'tokenLog'>

/** Opens what several processes share beside the store. Its drivers are loaded only if Redis is configured. */
async function openRedis(options: Omit<BullmqJobQueueOptions, 'prefix'>): Promise<SharedDeps> {
  const { BullmqJobQueue } = await loadAdapter('Redis', () => import('./queue/bullmq-job-queue.ts'))
  const { openRequestCounters } = await import('./redis/request-counters.ts')
  const { RedisTokenLog } = await import('./token-log/redis-token-log.ts')
  const { RedisFeedChannel } = await import('./feed/redis-feed-channel.ts')
  const open = { ...options, prefix: REDIS_PREFIX }
  return await untilReachable(async () => {
    const tokenLog = await RedisTokenLog.open(open)
    let feedChannel: FeedChannel | undefined
    try {
      feedChannel = await RedisFeedChannel.open(open)
      const queue = await BullmqJobQueue.open(open)
      return { tokenLog, feedChannel, queue, requestCounters: openRequestCounters(options) }
    } catch (error) {
      await feedChannel?.close()
      await tokenLog.stop()
      throw error
    }
  }, options)
}
