import { z } from 'zod'

const Event = z.object({
  type: z.string(),
  index: z.int().optional(),
  content_block: z.record(z.string(), z.json()).optional(),
  delta: z.record(z.string(), z.json()).optional(),
  usage: z.record(z.string(), z.json()).optional(),
})
type Event = z.infer<typeof Event>
type Block = NonNullable<Event['content_block']>

/** Also where clients of Python split lines. */
const LINE_END = /[\n\r\u0085\u2028\u2029]/

/** The events of a stream of the Messages API. Throws if one is not two lines, its name and its data. */
export function messageEvents(stream: string): Event[] {
  const texts = stream.split('\n\n')
  if (texts.pop() !== '') throw new Error('The stream ends inside an event')
  return texts.map((text) => {
    const [name, data, ...more] = text.split(LINE_END)
    const event = Event.parse(JSON.parse(data?.replace(/^data: /, '') ?? ''))
    if (name !== `event: ${event.type}` || more.length > 0) throw new Error(`${text} is not an event`)
    return event
  })
}

/** The content that a client puts together from a stream. Throws if blocks overlap, or are not numbered in order. */
export function streamedContent(stream: string): Block[] {
  const blocks: Block[] = []
  let open: OpenBlock | undefined
  for (const event of messageEvents(stream)) {
    if (event.index === undefined) continue
    if (event.index !== blocks.length) throw new Error(`${event.type} is of block ${event.index}, not ${blocks.length}`)
    if (!open) open = new OpenBlock(event)
    else if (open.add(event)) {
      blocks.push(open.content)
      open = undefined
    }
  }
  if (open) throw new Error('The last block is not closed')
  return blocks
}

class OpenBlock {
  readonly content: Block
  #json = ''

  constructor({ type, content_block }: Event) {
    if (!content_block) throw new Error(`${type} comes before its block`)
    this.content = { ...content_block }
  }

  /** @returns whether the block has ended */
  add({ type, delta }: Event): boolean {
    if (delta) this.#extend(delta)
    else if (type !== 'content_block_stop') throw new Error(`${type} comes inside a block`)
    else if (this.content['type'] === 'tool_use') this.content['input'] = objectOf(this.#json)
    return !delta
  }

  #extend({ partial_json, ...delta }: Block): void {
    if (typeof partial_json === 'string') this.#json += partial_json
    for (const field of ['text', 'thinking', 'signature']) {
      const added = delta[field]
      if (added !== undefined) this.content[field] = `${String(this.content[field])}${String(added)}`
    }
  }
}

function objectOf(json: string): Block {
  try {
    return z.record(z.string(), z.json()).catch({}).parse(JSON.parse(json))
  } catch {
    return {}
  }
}
