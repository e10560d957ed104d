import type { ForkRequest, Job, JobChanges, JobRequest, PromptLabClient } from '@promptlab/client'
import { askedOf } from './asked-of.ts'
import { FollowedJob, type StartJob } from './followed-job.ts'
import { FramedStore } from './framed-store.ts'
import { jobFaultOf } from './job-fault.ts'
import type { Asked, JobFault } from './job-view.ts'

/** A chain of jobs, each of which goes on behind the answer of the one before. */
export interface ConversationView {
  /** Oldest first. */
  readonly turns: readonly FollowedJob[]
  /** Whether the conversation begins with the first turn here, begins earlier, or earlier turns were deleted. */
  readonly earlier: 'none' | 'more' | 'deleted'
  readonly isLoading: boolean
  /** Why turns could not be loaded. */
  readonly fault: JobFault | undefined
  /** Whether the last turn may still say something. */
  readonly isGoingOn: boolean
  /** The id of the newest job, which opens the conversation anywhere. Undefined while there is none, or it is not created. */
  readonly id: string | undefined
}

const EMPTY: ConversationView = {
  turns: [],
  earlier: 'none',
  isLoading: false,
  fault: undefined,
  isGoingOn: false,
  id: undefined,
}

/** A request that goes on with a conversation, which says what its previous job is. */
export type TurnRequest = JobRequest & { readonly previousJobId?: undefined }

/** A conversation as a page shows it. Every turn is a job, so a conversation is kept by the server and by nothing else. */
export class Conversation extends FramedStore<ConversationView> {
  readonly #client: PromptLabClient
  #leaving: AbortController | undefined
  /** The job whose conversation is to be loaded. */
  #toLoad: string | undefined
  #isLeft = false
  #unwatchLast = () => {}

  /** @param id the newest job of a conversation that exists. Nothing is requested before `resume()`. */
  constructor(client: PromptLabClient, id?: string) {
    super({ ...EMPTY, id, isLoading: id !== undefined })
    this.#client = client
    this.#toLoad = id
  }

  /** The id of the newest job now; the view has it from the next frame on. */
  get id(): string | undefined {
    return this.next.id
  }

  /** Whether the last turn may still say something, now. */
  get isGoingOn(): boolean {
    return this.next.turns.at(-1)?.isGoingOn ?? false
  }

  /**
   * Asks the next question, also before the turns are loaded, or behind a turn that is being created. The last turn must have
   * ended, or the server refuses. A last turn that was refused gives its place to the new one.
   */
  send(request: TurnRequest): FollowedJob {
    const { turns } = this.next
    const last = turns.findLastIndex((turn) => turn.view().phase !== 'refused')
    return this.#ask(request, turns.slice(0, last + 1), this.#toLoad)
  }

  /** Asks another question in the place of one: the conversation branches, and the former branch stays on the server. */
  edit(turn: FollowedJob, request: TurnRequest): FollowedJob {
    const before = this.#before(turn)
    const { job } = turn.view()
    if (job?.forkOf && request.prompt !== undefined) {
      const { prompt, messages: _, previousJobId: _previous, ...changes } = request
      const { jobId, at } = job.forkOf
      return this.#add((options) => this.#client.fork(jobId, { ...changes, at, prompt }, options), request, before)
    }
    return this.#ask(request, before, job ? job.previousJobId : this.#toLoad)
  }

  /** Asks a question again, also of another model: the conversation branches. */
  rerun(turn: FollowedJob, changes: JobChanges = {}): FollowedJob {
    const id = idOf(turn)
    const start: StartJob = (options) => this.#client.rerun(id, changes, options)
    return this.#add(start, askedOf(turn, changes), this.#before(turn))
  }

  /** Goes on from a place in the answer of a turn: the conversation branches. */
  fork(turn: FollowedJob, request: ForkRequest): FollowedJob {
    const id = idOf(turn)
    const start: StartJob = (options) => this.#client.fork(id, request, options)
    return this.#add(start, askedOf(turn, request), this.#before(turn))
  }

  /** Loads turns before the first one here. */
  loadEarlier(): void {
    const previous = this.next.turns[0]?.view().job?.previousJobId
    if (previous === undefined || this.next.isLoading) return
    this.#toLoad = previous
    this.#load()
  }

  /** Cancels the job of the last turn. */
  async stop(): Promise<void> {
    await this.next.turns.at(-1)?.stop()
  }

  /**
   * Begins to watch, or goes on after a fault or `leave()`: with each turn, and with turns that are not loaded. A turn that was
   * refused is asked again.
   */
  resume(): void {
    this.#isLeft = false
    for (const turn of this.next.turns) turn.resume()
    this.#load()
  }

  /** Stops watching. The jobs run on, and a question that is asked later is not watched before `resume()`. */
  leave(): void {
    this.#isLeft = true
    this.#leaving?.abort()
    this.#leaving = undefined
    for (const turn of this.next.turns) turn.leave()
  }

  #load(): void {
    if (this.#toLoad === undefined || this.#leaving) return
    const leaving = new AbortController()
    this.#leaving = leaving
    this.set({ isLoading: true, fault: undefined })
    this.#client
      .conversation(this.#toLoad, { signal: leaving.signal })
      .then(
        ({ data, earlier }) => {
          // The answer may have come before the signal. After `resume()` another request loads the same turns.
          if (leaving.signal.aborted) return
          this.#toLoad = undefined
          const older = data.map((job) => FollowedJob.of(this.#client, job))
          for (const turn of older) turn.resume()
          this.set({ earlier, isLoading: false })
          this.#show([...older, ...this.next.turns])
        },
        (error: unknown) => {
          if (!leaving.signal.aborted) this.set({ isLoading: false, fault: jobFaultOf(error) })
        },
      )
      .finally(() => {
        if (this.#leaving === leaving) this.#leaving = undefined
      })
  }

  /** @param behind the job to go on with when none of the turns before was created */
  #ask(request: TurnRequest, before: readonly FollowedJob[], behind: string | undefined): FollowedJob {
    const start: StartJob = async (options) => {
      const previousJobId = (await lastCreated(before)) ?? behind
      const whole: JobRequest = previousJobId === undefined ? request : { ...request, previousJobId }
      return await this.#client.create(whole, options)
    }
    return this.#add(start, request, before)
  }

  #add(start: StartJob, asked: Asked, before: readonly FollowedJob[]): FollowedJob {
    const onCreated = (job: Job) => {
      if (this.next.turns.at(-1) === turn) this.set({ id: job.id })
    }
    const turn = FollowedJob.start(this.#client, start, asked, onCreated)
    if (this.#isLeft) turn.leave()
    for (const left of this.next.turns) if (!before.includes(left)) left.leave()
    this.#show([...before, turn])
    return turn
  }

  /** The turns before one. */
  #before(turn: FollowedJob): readonly FollowedJob[] {
    const { turns } = this.next
    return turns.slice(0, Math.max(0, turns.indexOf(turn)))
  }

  #show(turns: readonly FollowedJob[]): void {
    this.#unwatchLast()
    const last = turns.at(-1)
    const watch = () => {
      const isGoingOn = last?.isGoingOn ?? false
      if (isGoingOn !== this.next.isGoingOn) this.set({ isGoingOn })
    }
    this.#unwatchLast = last?.subscribe(watch) ?? (() => {})
    this.set({ turns, isGoingOn: last?.isGoingOn ?? false, id: last?.id })
  }
}

/** The job that the next turn goes on with. A turn that was refused is none. */
async function lastCreated(turns: readonly FollowedJob[]): Promise<string | undefined> {
  for (const turn of turns.toReversed()) {
    const id = await turn.created()
    if (id !== undefined) return id
  }
  return undefined
}

function idOf(turn: FollowedJob): string {
  if (turn.id === undefined) throw new TypeError('This turn has no job yet.')
  return turn.id
}
