import type { KeptPart, ShownMessage, ShownPart } from '@promptlab/contract'
import type { InputCarry } from './door.ts'

/** What of a job may refer to items. */
interface KeptContent {
  readonly messages?: readonly ShownMessage[] | undefined
  readonly carries?: readonly InputCarry[] | undefined
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

/** The sizes of the items that a job refers to, in bytes. An item that occurs several times is there once. */
export function itemSizes(job: KeptContent): ReadonlyMap<string, number> {
  return new Map(itemsOfJob(job).map(({ item, bytes }) => [item, bytes]))
}
