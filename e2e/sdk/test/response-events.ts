import type OpenAI from 'openai'

export type ResponseEvent = OpenAI.Responses.ResponseStreamEvent

const LAST = ['response.completed', 'response.incomplete', 'response.failed']

/** The events of one response, gathered over as many streams as it takes. */
export class ResponseReader {
  readonly events: ResponseEvent[] = []
  /** Set by the first event, unless it is known before. */
  id: string | undefined

  constructor(id?: string) {
    this.id = id
  }

  /** The number of the last event; undefined before the first. */
  get cursor(): number | undefined {
    return this.events.at(-1)?.sequence_number
  }

  /** Whether the last event of the response came. */
  get isAtEnd(): boolean {
    return LAST.includes(this.events.at(-1)?.type ?? '')
  }

  /** The text of all deltas. */
  get text(): string {
    return this.events.map((event) => (event.type === 'response.output_text.delta' ? event.delta : '')).join('')
  }

  /**
   * Takes events until the stream ends, or so many came.
   * @throws what the SDK throws, such as for a connection that broke, and an Error where the stream ended too early
   */
  async read(stream: AsyncIterable<ResponseEvent>, limit = Number.POSITIVE_INFINITY): Promise<void> {
    let left = limit
    for await (const event of stream) {
      if (event.sequence_number <= (this.cursor ?? -1))
        throw new Error(`Event ${event.sequence_number} came behind ${this.cursor}`)
      if (event.type === 'response.created') this.id = event.response.id
      this.events.push(event)
      left -= 1
      if (left <= 0) return
    }
    if (!this.isAtEnd) throw new Error('The stream ended before the response')
  }

  /** Reads on where it is; from the start if it has nothing. */
  async readOn(client: OpenAI, limit?: number): Promise<void> {
    await this.read(await this.rest(client), limit)
  }

  /** The stream that goes on where it is. */
  async rest(client: OpenAI): Promise<AsyncIterable<ResponseEvent>> {
    if (this.id === undefined) throw new Error('Nothing was read yet')
    const after = this.cursor === undefined ? {} : { starting_after: this.cursor }
    return await client.responses.retrieve(this.id, { stream: true, ...after })
  }
}
