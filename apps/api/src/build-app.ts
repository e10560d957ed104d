import accepts from '@fastify/accepts'
import cors from '@fastify/cors'
import type { ProviderRegistry } from '@promptlab/providers'
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { Clock } from './base/clock.ts'
import type { Config } from './config/config.ts'
import { DOOR_HEADERS } from './doors/door-jobs.ts'
import { doors } from './doors/doors-plugin.ts'
import { sendUnreadablePath } from './doors/unreadable-path.ts'
import { authPlugin } from './http/access/auth-plugin.ts'
import { RATE_LIMIT_HEADERS, rateLimitPlugin, type SharedCounters } from './http/access/rate-limit-plugin.ts'
import { RefusedKeys } from './http/access/refused-keys.ts'
import { sameSitePlugin } from './http/access/same-site-plugin.ts'
import { StreamLinks } from './http/access/stream-links.ts'
import { TrustedHosts } from './http/access/trusted-hosts.ts'
import { openapiPlugin } from './http/openapi/openapi-plugin.ts'
import { heldBodies } from './http/plugins/held-bodies.ts'
import { jsonBodies } from './http/plugins/json-bodies.ts'
import { metricsPlugin } from './http/plugins/metrics-plugin.ts'
import { chooseRoutedMethod, knownRoutes, otherMethods, sentMethod } from './http/plugins/other-methods.ts'
import { requestIdOf } from './http/plugins/request-id.ts'
import { requestLogPlugin } from './http/plugins/request-log-plugin.ts'
import { timedBy } from './http/plugins/request-timing.ts'
import { requestTracePlugin } from './http/plugins/request-trace-plugin.ts'
import { requestTurns } from './http/plugins/request-turns.ts'
import { securityHeaders } from './http/plugins/security-headers.ts'
import { shutdownPlugin } from './http/plugins/shutdown-plugin.ts'
import { sendMalformedRequest } from './http/problems/malformed-request.ts'
import { problemPlugin } from './http/problems/problem-plugin.ts'
import { requestValidator } from './http/problems/request-validator.ts'
import { budgetRoutes } from './http/routes/budget-routes.ts'
import { healthRoutes } from './http/routes/health-routes.ts'
import { jobFeedRoutes } from './http/routes/job-feed-routes.ts'
import { jobLinks } from './http/routes/job-links.ts'
import { jobRoutes } from './http/routes/job-routes.ts'
import { jobStreamRoutes } from './http/routes/job-stream-routes.ts'
import { metricsRoutes } from './http/routes/metrics-routes.ts'
import { playground } from './http/routes/playground-routes.ts'
import { providerRoutes } from './http/routes/provider-routes.ts'
import { usageRoutes } from './http/routes/usage-routes.ts'
import { OpenStreams } from './http/streams/open-streams.ts'
import type { Budgets } from './jobs/budget/budgets.ts'
import { Notifier } from './jobs/deliveries/notifier.ts'
import { announcingJobRepository } from './jobs/feed/announcing-job-repository.ts'
import { JobFeed } from './jobs/feed/job-feed.ts'
import { sharingJobRepository } from './jobs/history/sharing-job-repository.ts'
import type { OperatorFallbacks } from './jobs/input/fallbacks.ts'
import { JobService } from './jobs/job-service.ts'
import { ModelLists } from './jobs/models/model-lists.ts'
import type { FeedChannel } from './jobs/ports/feed-channel.ts'
import type { JobQueue } from './jobs/ports/job-queue.ts'
import type { JobRepository } from './jobs/ports/job-repository.ts'
import type { JobTracer } from './jobs/ports/job-tracer.ts'
import type { Prices } from './jobs/ports/prices.ts'
import type { TokenLog } from './jobs/ports/token-log.ts'
import type { Webhooks } from './jobs/ports/webhooks.ts'
import { WaitingClients } from './jobs/repeats/waiting-clients.ts'
import { JobRunner } from './jobs/run/job-runner.ts'
import { Reconciler } from './jobs/upkeep/reconciler.ts'
import { Upkeep } from './jobs/upkeep/upkeep.ts'
import { VendorRunJoiner } from './jobs/upkeep/vendor-run-joiner.ts'
import { Metrics } from './monitoring/metrics.ts'
import { timedJobRepository } from './monitoring/timed-job-repository.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Fails the job in whose run an uncaught error was thrown.
     * @returns whether the error was thrown in a run
     */
    readonly failCurrentRun: (error: unknown) => boolean
    /** The open streams of this process. */
    readonly openStreams: OpenStreams
  }
}

/** The adapters that the app uses. The app owns them, and closes them when it closes. */
export interface AppDeps {
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly tokenLog: TokenLog
  readonly providers: ProviderRegistry
  readonly clock: Clock
  readonly newId: () => string
  /** Counts requests across processes; undefined when there is one process. */
  readonly requestCounters?: SharedCounters | undefined
  /** Tells processes of each other's changes; undefined when there is one process. */
  readonly feedChannel?: FeedChannel | undefined
  /** Undefined: nothing is priced. */
  readonly prices?: Prices | undefined
  /** The fallbacks of the operator. Undefined: there are none. */
  readonly fallbacks?: OperatorFallbacks | undefined
  /** Undefined: nobody is told of the ends of jobs. */
  readonly webhooks?: Webhooks | undefined
  /** Undefined: no caller has a budget. */
  readonly budgets?: Budgets | undefined
  /** Undefined when tracing is off. */
  readonly tracer?: JobTracer | undefined
}

/** The part of the configuration that the app itself needs. */
export type AppConfig = Pick<
  Config,
  | 'apiKeys'
  | 'corsOrigins'
  | 'drainMs'
  | 'foregroundGraceMs'
  | 'maxBodyBytes'
  | 'maxConcurrentJobs'
  | 'maxPromptChars'
  | 'maxStoredBytesPerKey'
  | 'metricsKey'
  | 'modelRefreshMs'
  | 'publicUrl'
  | 'queuedBytes'
  | 'rateLimitPerMinute'
  | 'reconcileMs'
  | 'requestTiming'
  | 'retention'
  | 'role'
  | 'run'
  | 'stream'
  | 'streamLimits'
  | 'streamLinks'
  | 'trustedHosts'
  | 'trustedProxies'
> & {
  readonly logger: FastifyBaseLogger
  /** The folder of the playground's files; undefined when the playground is not served. */
  readonly playgroundFolder?: string
}

/** How long browsers may cache the answer to a preflight request. Most browsers allow no more than ten minutes. */
const PREFLIGHT_SECONDS = 600

/** The most bytes of bodies that are handled at once. With the texts made of them they take about three times as much memory. */
const MAX_BODY_BYTES_AT_ONCE = 64 * 1024 * 1024

const EXPOSED_HEADERS = [
  'Location',
  'Retry-After',
  'Idempotency-Replayed',
  'Preference-Applied',
  'X-Request-Id',
  ...DOOR_HEADERS,
  ...RATE_LIMIT_HEADERS,
]

function noCompiler(): never {
  throw new Error('A compiler for schemas is needed before it is set')
}

const loadDoorsDescription = async () => (await import('./doors/openapi/doors-description.ts')).DOORS_DESCRIPTION

/** The whole app, not listening. Jobs run as soon as it listens. */
export function buildApp(config: AppConfig, opened: AppDeps): FastifyInstance {
  const { queue, tokenLog, feedChannel: channel } = opened
  const feed = new JobFeed({ ...opened, channel, logger: config.logger })
  const metrics: Metrics = new Metrics({
    openStreams: () => streams.count,
    waitingJobs: () => queue.countWaiting(),
    jobsWaitingForVendors: () => queue.countWaitingForVendors(),
    workers: () => queue.countWorkers(),
    isListed: (provider, model) => models.isKnown(provider, model),
  })
  const timed = timedJobRepository(opened.jobs, opened.clock, (...write) => metrics.stored(...write))
  const shared = sharingJobRepository(timed)
  const { webhooks } = opened
  const { logger, publicUrl } = config
  const notifier = webhooks && new Notifier({ ...opened, jobs: shared, webhooks, logger, observer: metrics, publicUrl })
  // All that stores jobs goes through it, so that no change of state is missed.
  const jobs = announcingJobRepository(shared, config.logger, [
    (job, isNew) => feed.changed(job, isNew),
    (job) => notifier?.changed(job),
  ])
  const deps = { ...opened, jobs }
  const app = Fastify({
    loggerInstance: config.logger,
    genReqId: requestIdOf,
    // requestLogPlugin writes our own line for each request.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: config.maxBodyBytes,
    ...timedBy(config.requestTiming),
    trustProxy: [...config.trustedProxies],
    frameworkErrors: sendUnreadablePath,
    rewriteUrl: chooseRoutedMethod,
    // The compilers are set below. Without these, Fastify would load its own, which takes 20 ms.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    // shutdownPlugin answers with a problem instead.
    return503OnClosing: false,
    // Fastify's own limit would cut off a long recovery or shutdown; server.ts sets the deadline.
    pluginTimeout: 0,
    clientErrorHandler: sendMalformedRequest,
  })
  const runner = new JobRunner({ ...deps, logger: app.log, observer: metrics, policy: config.run })
  const models = new ModelLists({ ...deps, logger: app.log, refreshMs: config.modelRefreshMs })
  const { foregroundGraceMs: graceMs } = config
  const clients = new WaitingClients({ ...deps, logger: app.log, graceMs })
  const service = new JobService({
    ...deps,
    clients,
    observer: metrics,
    models,
    runner,
    queuedBytes: config.queuedBytes,
    maxStoredBytesPerKey: config.maxStoredBytesPerKey,
  })
  // Where other processes share the store, jobs that do not go on here can go on there.
  const othersRunJobs = config.reconcileMs !== undefined
  const maxJoined = othersRunJobs ? config.maxConcurrentJobs : Number.POSITIVE_INFINITY
  const joiner = config.role === 'api' ? undefined : new VendorRunJoiner({ ...deps, maxJoined })
  const reconciler = new Reconciler({ ...deps, logger: app.log, joiner })
  const streams = new OpenStreams({ service, clients, timing: config.stream, limits: config.streamLimits })
  const streamLinks = config.apiKeys && new StreamLinks({ ...config.streamLinks, clock: deps.clock })

  const routes = knownRoutes(app)
  app.setValidatorCompiler(requestValidator)
  app.setSerializerCompiler(serializerCompiler)
  app.register(sentMethod)
  app.register(requestLogPlugin)
  app.register(requestTracePlugin, { tracer: deps.tracer })
  app.register(metricsPlugin, { metrics })
  // Behind the hooks that note every request, and before those that do the work.
  app.register(requestTurns)
  app.register(securityHeaders)
  app.register(heldBodies, { maxBytes: MAX_BODY_BYTES_AT_ONCE })
  app.register(jsonBodies)
  app.register(problemPlugin)
  app.register(accepts)
  // Without origins the plugin could only refuse, and browsers refuse by themselves.
  if (config.corsOrigins.length > 0) {
    app.register(cors, {
      origin: [...config.corsOrigins],
      methods: ['GET', 'POST', 'DELETE'],
      exposedHeaders: EXPOSED_HEADERS,
      // By default browsers cache a preflight for 5 s, so a page would send one before nearly every request.
      maxAge: PREFLIGHT_SECONDS,
      // An OPTIONS request that is no preflight is handled like any other request.
      strictPreflight: false,
    })
  }
  app.register(shutdownPlugin, {
    drain: () => {
      clients.stopping()
      return queue.close()
    },
    interrupt: () => runner.interruptAll(),
    streams,
    othersRunJobs,
    drainMs: config.drainMs,
  })
  if (!config.apiKeys) {
    app.register(sameSitePlugin, { hosts: new TrustedHosts(config.trustedHosts), corsOrigins: config.corsOrigins })
  }
  const refusedKeys = new RefusedKeys({ perMinute: config.rateLimitPerMinute, clock: deps.clock })
  app.register(authPlugin, { keys: config.apiKeys, metricsKey: config.metricsKey, streamLinks, refusedKeys })
  app.register(rateLimitPlugin, { perMinute: config.rateLimitPerMinute, counters: deps.requestCounters })
  if (config.role !== 'worker') {
    app.register(openapiPlugin, { loadForeign: loadDoorsDescription })
    const { maxPromptChars } = config
    app.register(jobRoutes, { prefix: '/jobs', service, streams, streamLinks, maxPromptChars })
    app.register(jobStreamRoutes, { prefix: '/jobs', service, streams })
    app.register(jobFeedRoutes, { prefix: '/events', feed, streams, linksOf: jobLinks('/jobs', streamLinks) })
    app.register(providerRoutes, { prefix: '/providers', models })
    app.register(usageRoutes, { prefix: '/usage', jobs, clock: deps.clock })
    app.register(budgetRoutes, { prefix: '/budget', jobs, budgets: deps.budgets, clock: deps.clock })
    app.register(doors, { prefix: '/v1', service, clients, streams, models, providers: deps.providers, maxPromptChars })
    if (config.playgroundFolder !== undefined) app.register(playground, { folder: config.playgroundFolder })
  }
  const checks = { storage: () => jobs.checkHealth(), queue: () => queue.checkHealth() }
  app.register(metricsRoutes, { prefix: '/metrics', metrics })
  app.register(healthRoutes, { prefix: '/health', checks, countWorkers: () => queue.countWorkers() })
  app.register(otherMethods, { routes: () => routes.filter(({ path }) => !path.startsWith('/v1/')) })

  app.decorate('openStreams', streams)
  app.decorate('failCurrentRun', (error) => runner.failCurrent(error))
  const upkeep = new Upkeep({ ...deps, logger: app.log, service, graceMs, retention: config.retention })
  app.addHook('onListen', async () => upkeep.start())
  app.addHook('preClose', () => upkeep.stop())
  app.addHook('onListen', async () => models.start())
  app.addHook('preClose', async () => models.stop())
  app.addHook('onReady', () => reconciler.recover())
  // Not earlier: a server that cannot listen must not have started jobs.
  app.addHook('onListen', async () => {
    if (config.role !== 'api') service.start()
    notifier?.start()
    if (config.reconcileMs !== undefined) reconciler.start(config.reconcileMs)
  })
  app.addHook('onClose', async () => {
    await reconciler.stop()
    await feed.close()
    await notifier?.stop()
    await tokenLog.stop()
    await clients.settled()
    await jobs.close()
    await deps.tracer?.close()
  })
  return app
}
