import { isFinal, type ShownMessage, type ShownPart } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import { answerLength, partsOf } from '../answer/stored-answer.ts'
import { sizeOfTurn } from '../budget/request-size.ts'
import type { Caller } from '../caller.ts'
import type { InputSize } from '../cost/input-size.ts'
import { inputBytes, type StoredJob } from '../job.ts'
import type { ConversationStore } from '../ports/job-repository.ts'
import { PreviousJobGoneError } from '../ports/storage-errors.ts'

/** The most jobs of a conversation. */
export const MAX_CHAIN_LENGTH = 500

/** What a provider has to know so that it can be sent a part of a message. */
export type Need =
  | { readonly type: 'tool calls' | 'tool results' }
  | { readonly type: 'image' | 'file'; readonly mediaType: string | undefined; readonly hasUrl: boolean }

/** What the checks of a new job have to know of a job before it in its conversation. */
export interface EarlierTurn {
  readonly id: string
  readonly status: StoredJob['status']
  readonly hasEnded: boolean
  readonly owner: Caller
  /** Whether only a client that repeats its request may see the job. */
  readonly isHidden: boolean
  /** The bytes of its input and the places of its answer. */
  readonly bytes: number
  /** The size of its input and its answer as a vendor is sent them. */
  readonly size: InputSize
  /** What its messages need, in their order, each need once. */
  readonly needs: readonly Need[]
  /** The ids of the complete tool calls that it was sent and made. */
  readonly callIds: readonly string[]
}

/** The ids of calls that are kept of all jobs together, and what else is kept of a job, in UTF-16 code units, about. */
const MAX_KEPT_LENGTH = 8_000_000
const TURN_LENGTH = 500

/**
 * Reads what a new job has to know of the conversation before it. A job that has ended never changes, so each process reads it
 * once, and a job that goes on with a conversation of any length reads only the ids of that and the turns that are new.
 */
export class EarlierTurns {
  readonly #jobs: Pick<ConversationStore, 'findTurnIds' | 'findEach'>
  /** Those that were asked for last come last. */
  readonly #kept = new Map<string, EarlierTurn>()
  #keptLength = 0

  constructor(jobs: Pick<ConversationStore, 'findTurnIds' | 'findEach'>) {
    this.#jobs = jobs
  }

  /**
   * The jobs of the conversation that a new job of a caller goes on with, oldest first, up to the most that one may have.
   * @throws PreviousJobGoneError one of them is gone, or the last one is not the caller's
   * @throws ApiError `job-not-finished`
   */
  async before(previousJobId: string, caller: Caller): Promise<readonly EarlierTurn[]> {
    const { ids, goneId } = await this.#jobs.findTurnIds(previousJobId, MAX_CHAIN_LENGTH)
    if (goneId !== undefined) throw new PreviousJobGoneError(goneId)
    const turns = await this.#read(ids)
    const [previous] = turns
    // The same error as for an unknown id, so that callers cannot find out which ids exist.
    const isForeign = caller !== undefined && previous?.owner !== caller
    if (!previous || previous.isHidden || isForeign) throw new PreviousJobGoneError(previousJobId)
    if (previous.hasEnded) return turns.toReversed()
    const message = `The job ${previousJobId} is ${previous.status}, and the conversation goes on behind its answer. Wait for its end.`
    throw new ApiError('job-not-finished', message)
  }

  async #read(ids: readonly string[]): Promise<EarlierTurn[]> {
    const missing = ids.filter((id) => !this.#kept.has(id))
    const jobs = missing.length === 0 ? [] : await this.#jobs.findEach(missing)
    const read = new Map(jobs.map((job) => [job.id, turnOf(job)]))
    const turns = ids.map((id) => {
      const turn = read.get(id) ?? this.#kept.get(id)
      // It was removed meanwhile.
      if (!turn) throw new PreviousJobGoneError(id)
      return turn
    })
    for (const turn of turns) if (turn.hasEnded) this.#keep(turn)
    return turns
  }

  #keep(turn: EarlierTurn): void {
    if (!this.#kept.delete(turn.id)) this.#keptLength += lengthOf(turn)
    this.#kept.set(turn.id, turn)
    for (const [id, oldest] of this.#kept) {
      if (this.#keptLength <= MAX_KEPT_LENGTH) break
      this.#kept.delete(id)
      this.#keptLength -= lengthOf(oldest)
    }
  }
}

function lengthOf({ callIds, needs }: EarlierTurn): number {
  return callIds.reduce((sum, id) => sum + id.length, TURN_LENGTH + needs.length * 100)
}

export function turnOf(job: StoredJob): EarlierTurn {
  return {
    id: job.id,
    status: job.status,
    hasEnded: isFinal(job),
    owner: job.owner,
    isHidden: job.deleteAfter !== undefined,
    bytes: inputBytes(job) + (job.status === 'pending' ? 0 : answerLength(job)),
    size: sizeOfTurn(job),
    needs: needsOf(job.messages ?? []),
    callIds: callIdsOf(job),
  }
}

function needsOf(messages: readonly ShownMessage[]): Need[] {
  const needs = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content.flatMap(needsOfPart)))
  return [...new Map(needs.map((need) => [JSON.stringify(need), need])).values()]
}

function needsOfPart(part: ShownPart): Need[] {
  const need = needOf(part)
  const inner = part.type === 'tool-result' && typeof part.content !== 'string' ? part.content : []
  return [...(need ? [need] : []), ...inner.flatMap(needsOfPart)]
}

/** What a part needs, without the parts inside it. Undefined of what every provider of messages takes. */
export function needOf(part: ShownPart): Need | undefined {
  switch (part.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return undefined
    case 'image':
    case 'file':
      return { type: part.type, mediaType: part.mediaType, hasUrl: 'url' in part }
    case 'tool-call':
      return { type: 'tool calls' }
    case 'tool-result':
      return { type: 'tool results' }
  }
}

/** The calls that a job made and was sent, as far as they are complete. */
function callIdsOf(job: StoredJob): string[] {
  const sent = (job.messages ?? []).flatMap(({ content }) => (typeof content === 'string' ? [] : content))
  const made = job.status === 'pending' ? [] : partsOf(job).filter((part) => part.type === 'tool-call' && part.ended)
  return [...sent, ...made].flatMap((part) => (part.type === 'tool-call' ? part.callId : []))
}
