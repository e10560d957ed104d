import type { JobOptions } from '@promptlab/contract'
import type { Message } from '@promptlab/providers'

/** What an input has that its vendor counts as tokens. */
export interface InputSize {
  /** The UTF-8 bytes of its texts, and of its options as JSON: the system text and the tools are options. */
  readonly bytes: number
  readonly messages: number
  /** Their size does not tell their tokens. */
  readonly images: number
  readonly files: number
  /** The bytes of what its vendor gave with earlier answers and wants back, as JSON. */
  readonly carriedBytes: number
}

type Part = Message['content'][number]

/** The size of what a vendor is sent. */
export function inputSize(input: string | readonly Message[], options: JobOptions | undefined): InputSize {
  const sum = { bytes: optionBytes(options), messages: 1, images: 0, files: 0, carriedBytes: 0 }
  if (typeof input === 'string') return { ...sum, bytes: sum.bytes + Buffer.byteLength(input) }
  const add = (part: Part): void => {
    if (part.type === 'image') sum.images++
    else if (part.type === 'file') sum.files++
    else if (part.type === 'tool-result') part.content.forEach(add)
    else {
      sum.bytes += textBytes(part)
      if ('carry' in part) sum.carriedBytes += jsonBytes(part.carry)
    }
  }
  for (const { content } of input) content.forEach(add)
  return { ...sum, messages: input.length }
}

/** The bytes of options that a vendor is sent. */
export function optionBytes(options: JobOptions | undefined): number {
  return options ? jsonBytes(options) : 0
}

function textBytes(part: Exclude<Part, { type: 'image' | 'file' | 'tool-result' }>): number {
  return part.type === 'tool-call'
    ? Buffer.byteLength(part.name) + Buffer.byteLength(part.arguments)
    : Buffer.byteLength(part.text)
}

function jsonBytes(value: unknown): number {
  return value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value))
}
