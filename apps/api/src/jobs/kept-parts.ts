import type { KeptPart, ShownMessage, ShownPart } from '@promptlab/contract'
import type { InputCarry } from './door.ts'
import type { HistoryRef } from './history-ref.ts'

/** What of a job may refer to items. */
interface KeptContent {
  readonly messages?: readonly ShownMessage[] | undefined
  readonly carries?: readonly InputCarry[] | undefined
  readonly history?: readonly HistoryRef[] | undefined
}

/** The parts of messages whose content is kept as items. */
export function itemsOf(messages: readonly ShownMessage[]): KeptPart[] {
  return messages.flatMap(({ content }) => (typeof content === 'string' ? [] : content.flatMap(keptIn)))
}

function keptIn(part: ShownPart): KeptPart[] {
  if ('item' in part) return [part]
  if (part.type === 'tool-call') return typeof part.arguments === 'string' ? [] : [part.arguments]
  if (part.type !== 'tool-result' || typeof part.content === 'string') return []
  return part.content.flatMap(keptIn)
}

/** All content of a job that is kept as items: that of its messages, and what vendors want back with them. */
export function itemsOfJob({ messages = [], carries = [] }: KeptContent): KeptPart[] {
  return [...itemsOf(messages), ...carries.flatMap(({ json }) => (typeof json === 'string' ? [] : [json]))]
}

/**
 * The sizes of the items that a job refers to itself, in bytes. An item that occurs several times is there once. The blocks of its
 * messages are there without a size: what they have counts once for all jobs that share them.
 */
export function itemSizes(job: KeptContent): ReadonlyMap<string, number> {
  const sizes = new Map(itemsOfJob(job).map(({ item, bytes }) => [item, bytes]))
  for (const { item } of job.history ?? []) sizes.set(item, 0)
  return sizes
}
