import type { AskedAnswerPart, AskedMessage } from '../jobs/input/asked-job.ts'
import type { EarlierCall } from './earlier-call.ts'

/**
 * Messages in which answers that called tools have the reasoning that led to the calls. Some vendors refuse the results of
 * calls without it, and some APIs, such as Chat Completions, have no field in which clients could send it back. Only answers
 * that the client sent back unchanged get it, each once. A client that sent some reasoning has a field for it, so its messages
 * stay as they are.
 * @param calls the earlier calls, by their ids in the messages
 */
export function withReasoning(
  messages: readonly AskedMessage[],
  calls: ReadonlyMap<string, EarlierCall>,
): readonly AskedMessage[] {
  if (messages.some(hasReasoning)) return messages
  const restored = new Set<EarlierCall['answer']>()
  return messages.map((message): AskedMessage => {
    if (message.role !== 'assistant' || typeof message.content === 'string') return message
    const answer = answerOf(message.content, calls)
    if (!answer || restored.has(answer)) return message
    restored.add(answer)
    // The calls as the client sent them, which may have written their JSON anew.
    const sent = callsIn(message.content)[Symbol.iterator]()
    const content = answer.map((part) => (part.type === 'tool-call' ? (sent.next().value ?? part) : part))
    return { role: message.role, content }
  })
}

function hasReasoning({ role, content }: AskedMessage): boolean {
  return role === 'assistant' && typeof content !== 'string' && content.some(({ type }) => type === 'reasoning')
}

/** The earlier answer that a message repeats without its reasoning. Undefined if there is none, or it had no reasoning. */
function answerOf(
  content: readonly AskedAnswerPart[],
  calls: ReadonlyMap<string, EarlierCall>,
): EarlierCall['answer'] | undefined {
  const sent = callsIn(content).map(({ callId }) => calls.get(callId))
  const answer = sent[0]?.answer
  if (!answer?.some(({ type }) => type === 'reasoning')) return undefined
  const made = callsIn(answer)
  const hasSameCalls =
    sent.length === made.length &&
    sent.every((call, index) => call?.answer === answer && call.vendorId === made[index]?.callId)
  return hasSameCalls && textIn(content) === textIn(answer) ? answer : undefined
}

function callsIn(parts: readonly AskedAnswerPart[]): Extract<AskedAnswerPart, { type: 'tool-call' }>[] {
  return parts.filter((part) => part.type === 'tool-call')
}

function textIn(parts: readonly AskedAnswerPart[]): string {
  return parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('')
}
