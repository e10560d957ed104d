import { setTimeout as sleep } from 'node:timers/promises'
import { type AnyStreamEvent, FullStreamEvent, type JobStatus, StreamEvent, type StreamView } from '@promptlab/contract'
import { expect } from 'vitest'
import { type Frame, StreamReader } from './job-client.ts'
import { piecesOf } from './paced-answers.ts'
import { textOfUnits, unitsOf, unitsOfEvents } from './random-answer.ts'

const STATUS_OF = { metrics: 'completed', error: 'failed', cancelled: 'cancelled' } as const
type FinalStatus = (typeof STATUS_OF)[keyof typeof STATUS_OF]

/** What the readers of one view of a job were told, over all connections. */
class SeenView {
  readonly name: StreamView
  /** What was sent, place by place. */
  readonly units: string[] = []
  /** How many places there were after each event, and when it came. */
  readonly seen: { readonly length: number; readonly at: number }[] = []
  /** How the job ended, once the last event said so. */
  end: FinalStatus | undefined

  constructor(name: StreamView) {
    this.name = name
  }

  /** The cursor behind everything that was sent. */
  get cursor(): string {
    return this.name === 'full' ? `f${this.units.length}` : String(this.units.length)
  }

  /** Reads from the cursor to the end of the response. Each piece must come once, at its place. */
  async follow(url: string, id: string): Promise<void> {
    const reader = await StreamReader.open(url, id, { view: this.name, after: this.cursor })
    // A server may be busy or about to stop. It refuses no cursor of its own.
    expect([200, 503]).toContain(reader.response.status)
    for (let frame = await reader.next(); frame; frame = await reader.next()) {
      if (frame.data !== undefined) this.#take(eventOf(frame, this.name))
    }
  }

  #take(event: AnyStreamEvent): void {
    expect(this.end).toBeUndefined()
    if (event.event === 'metrics' || event.event === 'error' || event.event === 'cancelled') {
      this.end = STATUS_OF[event.event]
      return
    }
    const units = unitsOfEvents([event])
    this.units.push(...(this.name === 'full' ? units : textOfUnits(units).split('')))
    this.seen.push({ length: this.units.length, at: performance.now() })
    expect(String(event.id)).toBe(this.cursor)
  }
}

function eventOf({ event = 'token', id, data = '' }: Frame, view: StreamView): AnyStreamEvent {
  const parsed: unknown = JSON.parse(data)
  if (view === 'full') return FullStreamEvent.parse({ event, id, data: parsed })
  return StreamEvent.parse({ event, id: event === 'token' ? Number(id) : id, data: parsed })
}

/** What the clients of one job were told. */
export class Witness {
  readonly id: string
  readonly prompt: string
  /** The job whose conversation this one goes on with. */
  readonly previous: Witness | undefined
  readonly views = [new SeenView('text'), new SeenView('full')]
  status: JobStatus
  killedAt = 0

  constructor(id: string, prompt: string, status: JobStatus, previous?: Witness) {
    this.id = id
    this.prompt = prompt
    this.status = status
    this.previous = previous
  }

  /** Reads both views, each from its cursor to the end of its response. */
  async follow(url: string): Promise<void> {
    await Promise.all(this.views.map((view) => view.follow(url, this.id)))
  }

  /**
   * Reads both views to their last events, and connects again whenever a connection ends before.
   * @param newUrl the server for the next connection
   * @param onReconnect called before each further connection
   */
  async followToEnd(newUrl: () => string, onReconnect: () => void): Promise<void> {
    await Promise.all(
      this.views.map(async (view) => {
        while (view.end === undefined) {
          await unlessBroken(view.follow(newUrl(), this.id))
          if (view.end !== undefined) return
          onReconnect()
          await sleep(50)
        }
      }),
    )
  }

  /** What the whole answer has at each place of a view. */
  wholeOf(view: StreamView): string[] {
    const units = unitsOf(piecesOf(this.prompt))
    return view === 'full' ? units : textOfUnits(units).split('')
  }

  /** Whatever was sent is the beginning of the whole answer. */
  expectExact(): void {
    for (const { name, units } of this.views) expect(units).toEqual(this.wholeOf(name).slice(0, units.length))
  }
}

/** `undefined` for a connection that broke, after which the client tries again. Any other error fails the test. */
export async function unlessBroken<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    // `fetch` reports a broken connection as a TypeError.
    if (error instanceof TypeError) return undefined
    throw error
  }
}
