import type { ProviderRegistry } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import type { Clock } from '../../base/clock.ts'
import { type BudgetDeps, checkAffordable, type Reservation } from '../budget/budget-admission.ts'
import type { Caller } from '../caller.ts'
import { newDeliveries } from '../deliveries/new-deliveries.ts'
import type { Door } from '../door.ts'
import { admitRequest } from '../input/admit-request.ts'
import { checkProvider } from '../input/check-provider.ts'
import { EarlierTurns } from '../input/earlier-turns.ts'
import type { OperatorFallbacks } from '../input/fallbacks.ts'
import type { JobDraft } from '../input/job-request.ts'
import { inputBytes, type JobRequest, type MadeAtDoor, newJob, type StoredJob, startJob } from '../job.ts'
import type { ModelLists } from '../models/model-lists.ts'
import type { BudgetRefusal, JobObserver } from '../ports/job-observer.ts'
import type { JobQueue, QueueSlot } from '../ports/job-queue.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import type { IdempotencyKey, KeyedJob } from '../ports/stored-values.ts'
import type { Webhooks } from '../ports/webhooks.ts'
import type { QueuedBytes } from '../queued-bytes.ts'
import { recordVersionOf } from '../record-version.ts'
import type { WaitingClients } from '../repeats/waiting-clients.ts'

export interface JobCreatorDeps extends BudgetDeps {
  readonly jobs: JobRepository
  readonly queue: JobQueue
  readonly providers: ProviderRegistry
  readonly models: ModelLists
  /** The fallbacks of the operator. Undefined: there are none. */
  readonly fallbacks?: OperatorFallbacks | undefined
  /** Undefined: nobody is told of the ends of jobs. */
  readonly webhooks?: Webhooks | undefined
  readonly clients: WaitingClients
  readonly observer: JobObserver
  readonly clock: Clock
  readonly newId: () => string
  readonly queuedBytes: QueuedBytes
  /** The most bytes of items that the jobs of one caller may refer to. */
  readonly maxStoredBytesPerKey: number
}

export interface CreatedJob {
  readonly job: StoredJob
  /** Whether an earlier request with the same idempotency key created the job. */
  readonly isReplay: boolean
  /** Whether the request repeats an earlier one whose client lost its connection, and joined the job of that one. */
  readonly hasJoined?: boolean
}

/** What a job is made of. */
export interface JobSource {
  /** The digest of what was asked, by which a repeated request is known. */
  readonly fingerprint: () => string
  /** Is called for a new job, and not for a repeated request. */
  readonly draft: () => JobDraft | Promise<JobDraft>
}

/** How a request creates its job. */
export interface Creation {
  /** The idempotency key: a second request of this caller with the same key gets the job of the first. */
  readonly key?: string | undefined
  /** Where the run belongs in a trace. */
  readonly traceparent?: string | undefined
  readonly atDoor?: AtDoor | undefined
}

/** How a job is made at a door. */
export interface AtDoor {
  readonly door: Door
  /** The same for equal requests of one caller at one route. */
  readonly requestDigest: string
  readonly isStored: boolean
  /** Whether the client waits for the answer. */
  readonly isForeground: boolean
  /** Whether the client says that it sent the request before. Undefined: it wants a new job in any case. */
  readonly isRetry: boolean | undefined
}

/** Makes jobs of requests. */
export class JobCreator {
  readonly #deps: JobCreatorDeps & { readonly earlierTurns: EarlierTurns }

  constructor(deps: JobCreatorDeps) {
    this.#deps = { ...deps, earlierTurns: new EarlierTurns(deps.jobs) }
  }

  /**
   * Stores a new job, which then runs in the background. When the promise resolves, the job is on disk. The repeat of a request
   * gets the job that is there.
   * @throws ApiError `unknown-provider`, `unknown-model`, `provider-key-missing`, `unsupported-option`,
   * `invalid-request`, `previous-job-gone`, `job-not-finished`, `storage-quota-exceeded`, `queue-full`, `storage-unavailable`,
   * `idempotency-key-reused`, `upgrade-under-way`, `storage-full`, `unpriced-model`, `budget-exceeded`, and what the source throws
   */
  async create(source: JobSource, caller: Caller, creation: Creation = {}): Promise<CreatedJob> {
    const { observer } = this.#deps
    try {
      const created = await this.#create(source, caller, creation)
      observer.jobCreated(creation.atDoor?.door.name, !created.isReplay && !created.hasJoined)
      return created
    } catch (error) {
      if (error instanceof ApiError && isBudgetRefusal(error.code)) observer.budgetRefused(error.code)
      throw error
    }
  }

  async #create(source: JobSource, caller: Caller, creation: Creation): Promise<CreatedJob> {
    const { jobs, clock, newId, clients } = this.#deps
    const { atDoor, traceparent } = creation
    const idempotency = idempotencyOf(source, caller, creation)
    // Checked first: the earlier request was accepted, whatever has become of the provider or the queue since.
    const earlier = idempotency && (await jobs.findByIdempotencyKey(idempotency.key, clock.now()))
    if (earlier) return replay(earlier, idempotency)
    if (atDoor?.isRetry !== undefined) {
      const { requestDigest: digest, isRetry } = atDoor
      const joined = await clients.join({ digest, isRetry, caller })
      if (joined) return { job: joined, isReplay: false, hasJoined: true }
    }

    const { request: asked, items } = await source.draft()
    const provider = checkProvider(asked, this.#deps)
    const isStored = atDoor?.isStored ?? true
    const deliveries = newDeliveries(asked, isStored, this.#deps)
    const admitted = await admitRequest({ request: asked, caller, provider, isStored }, this.#deps)
    const hasOwnFallbacks = !!asked.fallbacks
    const { request, reservation } = checkAffordable({ ...admitted, caller, hasOwnFallbacks }, this.#deps)
    if (reservation) await this.#checkReservable(request, reservation)
    const { budget, ...terms } = reservation ?? {}
    const slot = await this.#reserve(request, caller)
    const now = clock.now()
    const notified = deliveries && { deliveries, notifyAt: new Date(now).toISOString() }
    const job = newJob(newId(), request, now, caller, { ...(atDoor && this.#madeAt(atDoor)), ...terms, ...notified })
    const running = slot.startsAtOnce ? startJob(job, clock.now()) : undefined
    let first: KeyedJob | undefined
    try {
      if (items.length > 0) await jobs.storeItems(items)
      first = await jobs.insert(running ?? job, idempotency, budget)
    } catch (error) {
      slot.release()
      throw error
    }
    if (first) {
      slot.release()
      return replay(first, idempotency)
    }
    await slot.enqueue({ id: job.id, provider: job.provider, model: job.model, owner: caller, traceparent }, running)
    // The job as it was accepted, although it may be running by now.
    return { job, isReplay: false }
  }

  /** Processes of an older version would run the job without its limit. */
  async #checkReservable(request: JobRequest, { reserved }: Reservation): Promise<void> {
    await this.#deps.jobs.checkReadable(recordVersionOf({ ...request, reserved }))
  }

  #madeAt({ door, requestDigest, ...arrival }: AtDoor): MadeAtDoor {
    return { door, requestDigest, ...this.#deps.clients.arrived(arrival) }
  }

  /** Room in the queue, in jobs and, for a job that has to wait, in bytes. */
  async #reserve(request: JobRequest, owner: Caller): Promise<QueueSlot> {
    const slot = await this.#deps.queue.reserve({ provider: request.provider, model: request.model, owner })
    if (slot.startsAtOnce) return slot
    try {
      const bytes = await this.#deps.queuedBytes.reserve(owner, inputBytes(request))
      return {
        startsAtOnce: false,
        enqueue: (job) => {
          bytes.queued()
          return slot.enqueue(job)
        },
        release: () => {
          bytes.release()
          slot.release()
        },
      }
    } catch (error) {
      slot.release()
      throw error
    }
  }
}

/** Keys of different callers must not meet, so the name goes before the key. Neither holds a space. */
function idempotencyOf(source: JobSource, caller: Caller, { key, atDoor }: Creation): IdempotencyKey | undefined {
  if (key === undefined) return undefined
  return {
    key: caller === undefined ? key : `${caller} ${key}`,
    fingerprint: atDoor?.requestDigest ?? source.fingerprint(),
  }
}

function isBudgetRefusal(code: ApiError['code']): code is BudgetRefusal {
  return code === 'budget-exceeded' || code === 'unpriced-model'
}

function replay({ job, fingerprint: first }: KeyedJob, idempotency: IdempotencyKey | undefined): CreatedJob {
  if (first === idempotency?.fingerprint) return { job, isReplay: true }
  const message = 'This Idempotency-Key was used for a job with another body. Use a new key for a new job.'
  throw new ApiError('idempotency-key-reused', message)
}
