import type { ShownMessage, ShownPart } from '@promptlab/contract'
import { type InputSize, optionBytes } from '../cost/input-size.ts'
import type { JobRequest, StoredJob } from '../job.ts'
import { itemsOfJob } from '../kept-parts.ts'

type Content = Pick<JobRequest, 'prompt' | 'messages' | 'carries'>

/**
 * The size of what a vendor will be sent for a request, at least as large as `inputSize` of that. Nothing is read for it.
 * @param chain the jobs of the conversation before, and their sizes
 */
export function requestSize(
  request: Content & Pick<JobRequest, 'options'>,
  chain: readonly { readonly size: InputSize }[],
): InputSize {
  const own = { ...NOTHING, bytes: optionBytes(request.options) }
  return sumOf([own, sizeOfContent(request), ...chain.map(({ size }) => size)])
}

/** The size of the input and the answer of a job, as a vendor is sent them before a later turn. */
export function sizeOfTurn(job: StoredJob): InputSize {
  return sumOf([sizeOfContent(job), sizeOfAnswer(job)])
}

function sumOf(sizes: readonly InputSize[]): InputSize {
  const total = { ...NOTHING }
  for (const size of sizes) {
    total.bytes += size.bytes
    total.messages += size.messages
    total.images += size.images
    total.files += size.files
    total.carriedBytes += size.carriedBytes
  }
  return total
}

const NOTHING = { bytes: 0, messages: 0, images: 0, files: 0, carriedBytes: 0 }

function sizeOfContent({ prompt, messages, carries = [] }: Content): InputSize {
  if (!messages) return { ...NOTHING, bytes: Buffer.byteLength(prompt), messages: 1 }
  const media = messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content.flatMap(mediaIn)))
  const texts = itemsOfJob({ messages }).filter(({ type }) => type === 'text')
  const carried = carries.map(({ json }) => (typeof json === 'string' ? Buffer.byteLength(json) : json.bytes))
  return {
    bytes: jsonBytes(messages) + sum(texts.map(({ bytes }) => bytes)),
    messages: messages.length,
    images: media.filter(({ type }) => type === 'image').length,
    files: media.filter(({ type }) => type === 'file').length,
    carriedBytes: sum(carried),
  }
}

function mediaIn(part: ShownPart): ShownPart[] {
  if (part.type === 'image' || part.type === 'file') return [part]
  return part.type === 'tool-result' && typeof part.content !== 'string' ? part.content.flatMap(mediaIn) : []
}

function sizeOfAnswer(job: StoredJob): InputSize {
  if (job.status === 'pending') return NOTHING
  // The parts have what the vendor wants back, too.
  const parts = job.parts ? jsonBytes(job.parts) : 0
  return { ...NOTHING, bytes: Buffer.byteLength(job.result) + parts, messages: 1 }
}

function jsonBytes(value: readonly ShownMessage[] | NonNullable<StoredJob['parts']>): number {
  return Buffer.byteLength(JSON.stringify(value))
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
