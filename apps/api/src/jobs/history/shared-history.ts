import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { ShownMessage } from '@promptlab/contract'
import { z } from 'zod'
import { InputCarry } from '../door.ts'

/** Messages as records hold them, and what vendors want back with them. */
export interface Input {
  readonly messages: readonly ShownMessage[]
  /** Their `message` is an index in these messages. */
  readonly carries: readonly InputCarry[]
}

/** Messages that follow each other in a record, and their bytes as they are stored. */
interface Block extends Input {
  readonly id: string
  readonly bytes: Buffer
}

/** The messages of a record, of which the earlier ones are in blocks. */
interface CutInput {
  readonly blocks: readonly Block[]
  readonly rest: Input
}

/** A conversation whose messages before the last one are shorter, in UTF-16 code units about, stays whole in its record. */
const SHARED_FROM_LENGTH = 8_192
/**
 * A block has at least so many code units, about twice as many, and ends at the message with which it passes `most`. All writers
 * of a store must cut alike, or equal messages make different blocks.
 */
const BLOCK_LENGTH = { least: 2_048, more: 2_048, most: 8_192 }
/** What a part of a message takes beside its text, and a part whose content is an item, in code units, about. */
const PART_LENGTH = 100

const BlockContent = z.object({
  owner: z.string().optional(),
  messages: z.array(ShownMessage),
  carries: z.array(InputCarry).optional(),
})

/**
 * Cuts messages into blocks, so that equal messages of several records are stored once. A message says itself whether a block
 * ends behind it: by its checksum, the likelier the longer it is. So the blocks of a conversation stay when it goes on, and
 * those behind a message that was added, changed or left out come back after some messages.
 * @param owner whose messages they are. Equal messages of two callers make two blocks
 * @returns undefined if the messages are short
 */
export function cutHistory({ messages, carries }: Input, owner: string | undefined): CutInput | undefined {
  const earlier = messages.slice(0, -1)
  if (earlier.reduce((sum, message) => sum + lengthOf(message), 0) < SHARED_FROM_LENGTH) return undefined
  const texts = earlier.map((message) => JSON.stringify(message))
  const sizes = texts.map(({ length }) => length)
  for (const { message, json } of carries) {
    const size = sizes[message]
    if (size !== undefined) sizes[message] = size + (typeof json === 'string' ? json.length : PART_LENGTH)
  }
  const blocks: Block[] = []
  let start = 0
  let length = 0
  for (const [index, size] of sizes.entries()) {
    length += size
    if (!isEnd(length, size, texts[index] ?? '')) continue
    const cut = { start, end: index + 1 }
    blocks.push(blockOf(texts.slice(start, cut.end), partOf({ messages, carries }, cut), owner))
    start = cut.end
    length = 0
  }
  return { blocks, rest: partOf({ messages, carries }, { start, end: messages.length }) }
}

function lengthOf({ content }: ShownMessage): number {
  if (typeof content === 'string') return content.length
  return content.reduce((sum, part) => sum + PART_LENGTH + ('text' in part ? part.text.length : 0), 0)
}

/** @param size of the last message, whose JSON is `text` */
function isEnd(length: number, size: number, text: string): boolean {
  if (length < BLOCK_LENGTH.least) return false
  return length >= BLOCK_LENGTH.most || crc32(text) / 2 ** 32 < size / BLOCK_LENGTH.more
}

function partOf({ messages, carries }: Input, { start, end }: { start: number; end: number }): Input {
  return {
    messages: messages.slice(start, end),
    carries: carries
      .filter(({ message }) => message >= start && message < end)
      .map((carry) => ({ ...carry, message: carry.message - start })),
  }
}

function blockOf(texts: readonly string[], input: Input, owner: string | undefined): Block {
  const head = owner === undefined ? '' : `"owner":${JSON.stringify(owner)},`
  const carries = input.carries.length > 0 ? `,"carries":${JSON.stringify(input.carries)}` : ''
  const bytes = Buffer.from(`{${head}"messages":[${texts.join(',')}]${carries}}`)
  return { ...input, id: createHash('sha256').update(bytes).digest('hex'), bytes }
}

/** The messages of a block. */
export function readBlock(bytes: Uint8Array): Input {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString()
  const { messages, carries = [] } = BlockContent.parse(JSON.parse(text))
  return { messages, carries }
}

/** The messages of parts that follow each other. */
export function joined(parts: readonly Input[]): Input {
  const messages: ShownMessage[] = []
  const carries: InputCarry[] = []
  for (const part of parts) {
    for (const carry of part.carries) carries.push({ ...carry, message: carry.message + messages.length })
    for (const message of part.messages) messages.push(message)
  }
  return { messages, carries }
}
