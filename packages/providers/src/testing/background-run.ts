import type { ServerResponse } from 'node:http'

/** What a run says, in order. */
export type RunPart =
  | { readonly type: 'reasoning' | 'text' | 'refusal'; readonly pieces: readonly string[] }
  | { readonly type: 'call'; readonly callId: string; readonly name: string; readonly pieces: readonly string[] }

type Status = 'queued' | 'in_progress' | 'completed' | 'failed' | 'cancelled'

/** A run of OpenAI's Responses API in background mode, which goes on without connections. */
export class BackgroundRun {
  readonly id: string
  status: Status = 'queued'
  readonly #model: string
  /** Each with the number of its place. */
  readonly #events: string[] = []
  readonly #output: object[] = []
  readonly #readers = new Set<ServerResponse>()
  #failure = { code: 'server_error', message: 'The run failed.' }

  constructor(id: string, model: string) {
    this.id = id
    this.#model = model
    this.#emit('response.created', { response: this.response })
  }

  /** The response as it is asked for: its output comes when it has ended. */
  get response(): object {
    const { id, status } = this
    const isOver = status !== 'queued' && status !== 'in_progress'
    return {
      id,
      object: 'response',
      status,
      background: true,
      model: this.#model,
      error: status === 'failed' ? this.#failure : null,
      incomplete_details: null,
      output: isOver ? this.#output : [],
      usage: status === 'completed' ? { input_tokens: 3, output_tokens: 5, total_tokens: 8 } : null,
    }
  }

  /** Sends the events behind a number, and those that come later. */
  stream(reader: ServerResponse, after: number): void {
    reader.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    reader.flushHeaders()
    for (const event of this.#events.slice(after + 1)) reader.write(event)
    if (this.isOver) reader.end('data: [DONE]\n\n')
    else this.#readers.add(reader)
    reader.once('close', () => this.#readers.delete(reader))
  }

  get isOver(): boolean {
    return this.status !== 'queued' && this.status !== 'in_progress'
  }

  /** Breaks the connections of all who read this run. The run goes on. */
  breakConnections(): void {
    for (const reader of this.#readers) reader.socket?.resetAndDestroy()
    this.#readers.clear()
  }

  /**
   * Says all parts, and ends the run. It stops when the run was cancelled.
   * @param pause awaited before each piece
   */
  async say(parts: readonly RunPart[], pause: () => Promise<void> = async () => {}): Promise<void> {
    this.status = 'in_progress'
    this.#emit('response.in_progress', { response: this.response })
    for (const [index, part] of parts.entries()) {
      const item = itemOf(this.id, index, part)
      this.#emit('response.output_item.added', { output_index: index, item: item.begun })
      for (const delta of part.pieces) {
        await pause()
        if (this.isOver) return
        this.#emit(item.deltaType, { output_index: index, item_id: item.begun.id, ...item.place, delta })
      }
      this.#output.push(item.done)
      this.#emit('response.output_item.done', { output_index: index, item: item.done })
    }
    this.end('completed')
  }

  end(status: 'completed' | 'failed' | 'cancelled'): void {
    if (this.isOver) return
    this.status = status
    this.#emit(status === 'completed' ? 'response.completed' : 'response.failed', { response: this.response })
    for (const reader of this.#readers) reader.end('data: [DONE]\n\n')
    this.#readers.clear()
  }

  /** Ends the run with a failure of this code. */
  fail(code: string, message: string): void {
    this.#failure = { code, message }
    this.end('failed')
  }

  #emit(type: string, fields: object): void {
    const data = JSON.stringify({ type, sequence_number: this.#events.length, ...fields })
    const event = `event: ${type}\ndata: ${data}\n\n`
    this.#events.push(event)
    for (const reader of this.#readers) reader.write(event)
  }
}

interface RunItem {
  readonly begun: { readonly id: string; readonly type: string }
  readonly done: object
  readonly deltaType: string
  readonly place: object
}

function itemOf(run: string, index: number, part: RunPart): RunItem {
  const text = part.pieces.join('')
  switch (part.type) {
    case 'reasoning': {
      const begun = { id: `rs_${run}_${index}`, type: 'reasoning', summary: [] }
      const summary = [{ type: 'summary_text', text }]
      const done = { ...begun, summary, encrypted_content: `encrypted ${text}` }
      return { begun, done, deltaType: 'response.reasoning_summary_text.delta', place: { summary_index: 0 } }
    }
    case 'call': {
      const { callId, name } = part
      const begun = { id: `fc_${run}_${index}`, type: 'function_call', call_id: callId, name, arguments: '' }
      const done = { ...begun, arguments: text }
      return { begun, done, deltaType: 'response.function_call_arguments.delta', place: {} }
    }
    default: {
      const begun = { id: `msg_${run}_${index}`, type: 'message', role: 'assistant', content: [] }
      const isText = part.type === 'text'
      const content = [isText ? { type: 'output_text', text, annotations: [] } : { type: 'refusal', refusal: text }]
      const deltaType = isText ? 'response.output_text.delta' : 'response.refusal.delta'
      return { begun, done: { ...begun, content }, deltaType, place: { content_index: 0 } }
    }
  }
}
