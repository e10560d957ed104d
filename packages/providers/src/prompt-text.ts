import type { Message } from './message.ts'

/** The prompt, or the text of the last message of the user in a conversation. */
export function promptText(prompt: string | readonly Message[]): string {
  if (typeof prompt === 'string') return prompt
  const last = prompt.findLast((message) => message.role === 'user')
  return (last?.content ?? []).map((part) => (part.type === 'text' ? part.text : '')).join('')
}
