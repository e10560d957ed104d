import type { KeptPart, ShownMessage, ShownPart } from '@promptlab/contract'

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

/** The sizes of the items that messages refer to, in bytes. An item that occurs several times is there once. */
export function itemSizes(messages: readonly ShownMessage[] = []): ReadonlyMap<string, number> {
  return new Map(itemsOf(messages).map(({ item, bytes }) => [item, bytes]))
}
