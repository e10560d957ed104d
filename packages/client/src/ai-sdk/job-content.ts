import type { ShownMessage, ShownPart } from '../content.ts'
import type { Job } from '../job.ts'
import type { CallOptions, PromptLabClient } from '../promptlab-client.ts'
import { dataUrlOf } from './data-url.ts'

type Kept = Extract<ShownPart, { item: string }>
type KeptText = Extract<Kept, { type: 'text' }>

/** Reads what the messages of a job refer to. Each item is read once. */
export class JobContent {
  readonly #client: PromptLabClient
  readonly #jobId: string
  readonly #options: CallOptions
  readonly #items = new Map<string, Promise<Blob>>()

  constructor(client: PromptLabClient, { id }: Pick<Job, 'id'>, options: CallOptions) {
    this.#client = client
    this.#jobId = id
    this.#options = options
  }

  /** A text that may be kept outside the job. */
  async text(part: string | { text: string } | { item: string }): Promise<string> {
    if (typeof part === 'string') return part
    return 'item' in part ? await (await this.#blob(part.item)).text() : part.text
  }

  /** The address of an image or a file: its own, or its bytes as a data URL. */
  async url(part: Extract<ShownPart, { type: 'image' | 'file' }>): Promise<string> {
    return 'item' in part ? await dataUrlOf(await this.#blob(part.item), part.mediaType) : part.url
  }

  /** The result of a tool: its text. Images and files in it are left out. */
  async result(content: Extract<ShownPart, { type: 'tool-result' }>['content']): Promise<string> {
    if (typeof content === 'string') return content
    const texts = content.flatMap((part) => (isTextPart(part) ? this.text(part) : []))
    return (await Promise.all(texts)).join('')
  }

  #blob(item: string): Promise<Blob> {
    const blob = this.#items.get(item) ?? this.#client.item(this.#jobId, item, this.#options)
    this.#items.set(item, blob)
    return blob
  }
}

function isTextPart(part: ShownPart): part is KeptText | Extract<ShownPart, { type: 'text'; text: string }> {
  return part.type === 'text'
}

/** The parts of a message as a list. */
export function partsOf({ content }: ShownMessage): ShownPart[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}
