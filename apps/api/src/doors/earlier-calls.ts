import type { AskedAnswerPart, AskedMessage } from '../jobs/input/asked-job.ts'
import type { EarlierCall } from './earlier-call.ts'
import { withReasoning } from './earlier-reasoning.ts'

/** The ids of the calls in messages, and of those whose results are in them. */
export function callIdsIn(messages: readonly AskedMessage[]): ReadonlySet<string> {
  return new Set(
    messages.flatMap(({ content }) =>
      typeof content === 'string' ? [] : content.flatMap((part) => ('callId' in part ? part.callId : [])),
    ),
  )
}

/**
 * Messages in which earlier calls have the ids of their vendors and what their vendors want back, and answers that called tools
 * have their reasoning.
 * @param ids of the calls, in their order in the messages
 * @param calls the earlier calls, by an id of the messages
 */
export function withEarlierCalls(
  messages: readonly AskedMessage[],
  ids: Iterable<string>,
  calls: ReadonlyMap<string, EarlierCall>,
): AskedMessage[] {
  if (calls.size === 0) return [...messages]
  const names = namesOf(ids, calls, foreignIds(messages, calls))
  const withName = <Part extends { callId: string }>(part: Part): Part => ({
    ...part,
    callId: names.get(part.callId) ?? part.callId,
  })
  const withCarry = (part: AskedAnswerPart): AskedAnswerPart =>
    part.type === 'tool-call' ? { ...withName(part), carry: part.carry ?? calls.get(part.callId)?.carry } : part
  return withReasoning(messages, calls).map((message): AskedMessage => {
    if (message.role === 'tool') return { role: message.role, content: message.content.map(withName) }
    if (message.role !== 'assistant' || typeof message.content === 'string') return message
    return { role: message.role, content: message.content.map(withCarry) }
  })
}

/** The ids of calls that are none of ours, which stay as they are. */
function foreignIds(messages: readonly AskedMessage[], calls: ReadonlyMap<string, EarlierCall>): Set<string> {
  const ids = messages.flatMap(({ role, content }) =>
    role === 'assistant' && typeof content !== 'string'
      ? content.flatMap((part) => (part.type === 'tool-call' && !calls.has(part.callId) ? part.callId : []))
      : [],
  )
  return new Set(ids)
}

/**
 * The ids that calls get, by their ids in the messages. Some vendors number the calls of each answer, so that calls of two
 * answers have one id. A request with both would be refused, or a result taken for another's: only the first gets the id.
 */
function namesOf(
  ids: Iterable<string>,
  calls: ReadonlyMap<string, EarlierCall>,
  taken: ReadonlySet<string>,
): Map<string, string> {
  const owners = new Map<string, string>()
  const names = new Map<string, string>()
  for (const id of ids) {
    const call = calls.get(id)
    if (!call) continue
    const { ownId, vendorId } = call
    const isFree = !taken.has(vendorId) && (owners.get(vendorId) ?? ownId) === ownId
    if (isFree) owners.set(vendorId, ownId)
    names.set(id, isFree ? vendorId : ownId)
  }
  return names
}
