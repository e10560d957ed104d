import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type AnyStreamEvent, type FinalJob, isFinal, type Job } from '@promptlab/contract'
import { ProviderError, ProviderRegistry } from '@promptlab/providers'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { JobService } from '../../src/jobs/job-service.ts'
import { ModelLists } from '../../src/jobs/models/model-lists.ts'
import type { JobEventReader } from '../../src/jobs/read/job-event-reader.ts'
import { WaitingClients } from '../../src/jobs/repeats/waiting-clients.ts'
import { JobRunner } from '../../src/jobs/run/job-runner.ts'
import { Reconciler } from '../../src/jobs/upkeep/reconciler.ts'
import { TEXT_VIEW } from '../../src/jobs/views/text-view.ts'
import { InProcessJobQueue } from '../../src/queue/in-process-job-queue.ts'
import { JsonFileJobRepository } from '../../src/storage/json-file/json-file-job-repository.ts'
import { MemoryTokenLog } from '../../src/token-log/memory-token-log.ts'
import { AwaitedReader } from '../support/awaited-reader.ts'
import { cases, timeoutOf } from '../support/rounds.ts'
import { SILENT } from '../support/silent-logger.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { UNOBSERVED } from '../support/unobserved.ts'

const POLICY = {
  firstTokenTimeoutMs: 60_000,
  tokenIdleTimeoutMs: 60_000,
  contentTimeoutMs: 60_000,
  jobTimeoutMs: 60_000,
  maxAnswerLength: 4_000_000,
  retryDelayMs: 1,
  patienceMs: 0,
}

/** A provider that does what the test tells it, one step at a time. One job runs at a time. */
class FedProvider {
  readonly name = 'fed'
  readonly models = ['fed']
  readonly texts = new Map<string, string>()
  #step = Promise.withResolvers<string | Error | undefined>()
  #taken = Promise.withResolvers<void>()
  #hungry = 0

  /** Gives the next step to the running job, if there is one. */
  async feed(step: string | Error | undefined): Promise<void> {
    if (this.#hungry === 0) return
    const taken = this.#taken.promise
    this.#step.resolve(step)
    await taken
  }

  async *complete(prompt: string, { signal }: { signal: AbortSignal }) {
    this.texts.set(prompt, '')
    for (;;) {
      const step = await this.#next(signal)
      if (step === undefined) return undefined
      if (step instanceof Error) throw step
      this.texts.set(prompt, `${this.texts.get(prompt)}${step}`)
      yield step
    }
  }

  async #next(signal: AbortSignal): Promise<string | Error | undefined> {
    this.#hungry++
    const aborted = Promise.withResolvers<never>()
    const abort = () => aborted.reject(signal.reason)
    signal.addEventListener('abort', abort)
    if (signal.aborted) abort()
    try {
      return await Promise.race([this.#step.promise, aborted.promise])
    } finally {
      this.#hungry--
      signal.removeEventListener('abort', abort)
      this.#step = Promise.withResolvers()
      this.#taken.resolve()
      this.#taken = Promise.withResolvers()
    }
  }
}

/** The service with all its parts, on a real file. It can be restarted. One job runs at a time. */
class Engine {
  readonly provider = new FedProvider()
  readonly #path: string
  #parts: { jobs: JsonFileJobRepository; queue: InProcessJobQueue; runner: JobRunner; service: JobService } | undefined

  constructor(path: string) {
    this.#path = path
  }

  get service(): JobService {
    if (!this.#parts) throw new Error('The engine is not running')
    return this.#parts.service
  }

  async start(): Promise<void> {
    const jobs = await JsonFileJobRepository.open(this.#path)
    const queue = new InProcessJobQueue({
      maxConcurrent: 1,
      maxConcurrentPerProvider: 1,
      maxConcurrentPerOwner: 1,
      maxQueued: 1000,
    })
    const deps = {
      jobs,
      queue,
      tokenLog: new MemoryTokenLog(),
      providers: new ProviderRegistry([{ provider: this.provider }]),
      clock: systemClock,
      newId: () => crypto.randomUUID(),
    }
    const runner = new JobRunner({ ...deps, logger: SILENT, observer: UNOBSERVED, policy: POLICY })
    const service = new JobService({
      ...deps,
      clients: new WaitingClients({ ...deps, logger: SILENT, graceMs: undefined }),
      observer: UNOBSERVED,
      runner,
      models: new ModelLists({ ...deps, logger: SILENT, refreshMs: undefined }),
      queuedBytes: { total: 1e9, perOwner: 1e9 },
      maxStoredBytesPerKey: 1e9,
    })
    await new Reconciler({ ...deps, logger: SILENT }).recover()
    service.start()
    this.#parts = { jobs, queue, runner, service }
  }

  async stop(): Promise<void> {
    const closed = this.#parts?.queue.close()
    this.#parts?.runner.interruptAll()
    await closed
    await this.#parts?.jobs.close()
    this.#parts = undefined
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.start()
  }
}

type Operation =
  | { readonly kind: 'create' | 'complete' | 'fail' | 'restart' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'cancel' | 'delete'; readonly job: number }
  | { readonly kind: 'read'; readonly job: number; readonly after: number }

const index = fc.nat({ max: 5 })
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'create' } as const) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('token' as const), token: fc.string({ unit: 'binary', minLength: 1 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'complete' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fail' } as const) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cancel' as const), job: index }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), job: index }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' } as const) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('read' as const), job: index, after: fc.nat({ max: 30 }) }) },
)

describe('any sequence of operations', () => {
  it('brings every job to one final state that never changes, with the exact text', {
    timeout: timeoutOf(120_000),
  }, async () => {
    const folder = await temporaryFolder()
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 25 }), async (operations) => {
        const store = await mkdtemp(join(folder, 'store-'))
        const engine = new Engine(join(store, 'jobs.json'))
        await engine.start()
        const run = new OperationRun(engine)
        for (const each of operations) await run.perform(each)
        await run.finish()
        await engine.stop()
        await rm(store, { recursive: true })
      }),
      { ...cases(100), timeout: 20_000 },
    )
  })
})

/** Performs operations and compares what it observes with what it observed before. */
class OperationRun {
  readonly #engine: Engine
  readonly #prompts = new Map<string, string>()
  readonly #finals = new Map<string, FinalJob>()
  readonly #reads: Promise<void>[] = []
  readonly #open = new Set<AwaitedReader<AnyStreamEvent, JobEventReader>>()
  readonly #deleted = new Set<string>()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async perform(operation: Operation): Promise<void> {
    const { service, provider } = this.#engine
    switch (operation.kind) {
      case 'create': {
        const prompt = `job ${this.#prompts.size}`
        const { job } = await service.create({ prompt, provider: 'fed', model: 'fed' }, undefined)
        this.#prompts.set(job.id, prompt)
        return
      }
      case 'token':
        return provider.feed(operation.token)
      case 'complete':
        return provider.feed(undefined)
      case 'fail':
        return provider.feed(new ProviderError('broken', { code: 'provider-rejected' }))
      case 'restart':
        // As the server does when it stops: its streams end, and clients reconnect.
        for (const reader of this.#open) {
          reader.source.close()
          reader.wake()
        }
        return this.#engine.restart()
      case 'cancel':
        return this.#withJob(operation.job, async (id) => this.#observe(await service.cancel(id, undefined)))
      case 'delete':
        return this.#withJob(operation.job, (id) => this.#delete(id))
      case 'read':
        return this.#withJob(operation.job, async (id) => {
          this.#reads.push(this.#read(id, operation.after))
        })
    }
  }

  /** Ends every job and checks all of them. */
  async finish(): Promise<void> {
    for (const id of this.#prompts.keys()) {
      if (this.#deleted.has(id)) continue
      this.#observe(await this.#engine.service.cancel(id, undefined))
      await this.#read(id, 0)
    }
    await Promise.all(this.#reads)
  }

  async #withJob(index: number, use: (id: string) => Promise<void>): Promise<void> {
    const id = [...this.#prompts.keys()][index]
    if (id !== undefined && !this.#deleted.has(id)) await use(id)
  }

  async #delete(id: string): Promise<void> {
    const job = await this.#engine.service.get(id, undefined)
    const removal = this.#engine.service.delete(id, undefined)
    if (isFinal(job)) {
      await removal
      this.#deleted.add(id)
      await expect(this.#engine.service.get(id, undefined)).rejects.toMatchObject({ code: 'job-not-found' })
    } else {
      // The job may have ended in the meantime.
      await removal.then(
        () => this.#deleted.add(id),
        (error: unknown) => expect(error).toMatchObject({ code: 'job-not-finished' }),
      )
    }
  }

  #observe(job: Job): void {
    if (!isFinal(job)) throw new Error(`The job is ${job.status}`)
    expect(this.#finals.get(job.id) ?? job).toEqual(job)
    this.#finals.set(job.id, job)
    const fed = this.#engine.provider.texts.get(this.#prompts.get(job.id) ?? '') ?? ''
    // A token that was fed just before the end may be missing.
    if (job.status === 'completed') expect(job.result).toBe(fed)
    else expect(fed.startsWith(job.result)).toBe(true)
  }

  async #read(id: string, after: number): Promise<void> {
    const { service } = this.#engine
    const events = new AwaitedReader<AnyStreamEvent, JobEventReader>(
      (onReady) => service.readEvents(id, { view: TEXT_VIEW, after }, { onReady, onError: onReady }),
      ({ isDone }) => isDone,
    )
    this.#open.add(events)
    let text = ''
    let cursor = after
    const finals: AnyStreamEvent[] = []
    for (const event of await events.rest()) {
      if (event.event !== 'token' || typeof event.id !== 'number') {
        finals.push(event)
        continue
      }
      text += event.data.token
      cursor = Math.max(cursor, event.id - event.data.token.length) + event.data.token.length
      expect(event.id).toBe(cursor)
    }
    this.#open.delete(events)
    expect(finals.length).toBeLessThanOrEqual(1)
    // Without a final event, the engine was stopped or the job was removed. A client would reconnect.
    if (finals.length === 0) return
    const job = await service.get(id, undefined).catch(() => this.#finals.get(id))
    if (!job || !isFinal(job)) return
    this.#observe(job)
    expect(text).toBe(job.result.slice(after))
  }
}
