import type { Conversation } from '@promptlab/react'

/**
 * What the playground notes in the metadata of a further job of a conversation: `conversation` names the conversation with all of
 * its branches, `comparison` the jobs that are asked together. A conversation that has no name yet gets one.
 */
export function notesOf(conversation: Conversation, comparison?: string): Record<string, string> {
  const last = conversation.view().turns.at(-1)?.view()
  const name = (last?.job ?? last?.asked)?.metadata?.['conversation'] ?? newName()
  return { conversation: name, ...(comparison !== undefined && { comparison }) }
}

/** A name that no other one has. `crypto.randomUUID` does not exist in pages that were loaded over plain HTTP. */
export function newName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}
