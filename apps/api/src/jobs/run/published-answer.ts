import { Answer } from '../answer/answer.ts'
import { beginningOf, type Piece, partTypeOf, placesOf, unseenLengthOf } from '../answer/piece.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import type { TokenLog } from '../ports/token-log.ts'
import { AnswerTooLongError } from './job-failure.ts'
import type { RunMeter } from './run-meter.ts'

/** The most parts of an answer. Each costs memory in every reader, however short it is. */
const MAX_PARTS = 10_000

interface PublishedAnswerDeps {
  readonly tokenLog: TokenLog
  readonly meter: RunMeter
  /** See `RunPolicy`. */
  readonly maxLength: number
}

/** The answer of a run, every piece of which is published. */
export class PublishedAnswer extends Answer {
  readonly #run: { readonly id: string; readonly number: number }
  readonly #deps: PublishedAnswerDeps

  /** @param begun what an earlier run has published of the answer, which goes on */
  constructor(
    run: { readonly id: string; readonly number: number },
    begun: StoredAnswer | undefined,
    deps: PublishedAnswerDeps,
  ) {
    super(begun)
    this.#run = run
    this.#deps = deps
  }

  /** @throws AnswerTooLongError after the part of the piece that fits was published */
  publish(piece: Piece): void {
    const { maxLength } = this.#deps
    if (this.partCount >= MAX_PARTS && this.begins(piece)) throw new AnswerTooLongError(`${MAX_PARTS} parts`)
    const room = maxLength - this.length - this.unseenLength
    if (placesOf(piece) + unseenLengthOf(piece) > room) {
      const fitting = beginningOf(piece, room)
      if (fitting !== undefined) this.#append(fitting)
      throw new AnswerTooLongError(`${maxLength} characters`)
    }
    this.#append(piece)
  }

  #append(piece: Piece): void {
    const { tokenLog, meter } = this.#deps
    const place = this.length
    const isText = typeof piece === 'string' || partTypeOf(piece) === 'text'
    const part = this.append(piece, meter.countPiece(isText))
    tokenLog.append(this.#run.id, piece, place, part, this.#run.number)
  }
}
