import type { AssistantPart, Message } from '@promptlab/providers'
import { answererOf } from '../answerer.ts'
import type { InputCarry } from '../door.ts'
import type { StoredJob } from '../job.ts'
import { itemsOfJob } from '../kept-parts.ts'
import type { ConversationStore } from '../ports/job-repository.ts'
import { PreviousJobGoneError } from '../ports/storage-errors.ts'
import { answerParts } from './answer-parts.ts'
import { MAX_CHAIN_LENGTH } from './earlier-turns.ts'
import { ItemReader } from './item-reader.ts'
import { readCarry, readMessage } from './read-message.ts'

type Asked = Pick<StoredJob, 'messages' | 'previousJobId'>

/** Whether a job asks more than its prompt. */
export function hasConversation({ messages, previousJobId }: Asked): boolean {
  return messages !== undefined || previousJobId !== undefined
}

/**
 * The jobs whose conversation a job goes on with, oldest first.
 * @throws PreviousJobGoneError
 */
async function readChain(
  { previousJobId }: Pick<StoredJob, 'previousJobId'>,
  store: ConversationStore,
): Promise<StoredJob[]> {
  if (previousJobId === undefined) return []
  const { ids, goneId } = await store.findTurnIds(previousJobId, MAX_CHAIN_LENGTH)
  if (goneId !== undefined) throw new PreviousJobGoneError(goneId)
  const chain = await store.findEach(ids)
  // One may have been removed since.
  const gone = ids.find((id, index) => chain[index]?.id !== id)
  if (gone !== undefined) throw new PreviousJobGoneError(gone)
  return chain.reverse()
}

/**
 * The conversation that a job asks a provider to go on with: the input and the answer of each job before it, and its own
 * input. The store is read three times, however long the conversation is.
 * @param provider who is asked. It gets nothing that another one gave and wants back
 * @throws PreviousJobGoneError
 * @throws ItemGoneError
 * @throws StorageUnavailableError
 */
export async function readConversation(
  job: StoredJob,
  store: ConversationStore,
  provider: string,
): Promise<readonly Message[]> {
  const chain = await readChain(job, store)
  const kept = await store.findItems([...chain, job].flatMap((turn) => keptFor(provider, turn)))
  const items = new ItemReader({ findItem: async (id) => kept.get(id) })
  const messages: Message[] = []
  for (const earlier of chain) {
    messages.push(...(await inputOf(earlier, provider, items)))
    const content = answerOf(earlier, provider)
    if (content.length > 0) messages.push({ role: 'assistant', content })
  }
  return [...messages, ...(await inputOf(job, provider, items))]
}

/** The ids of the items in the input of a job, as a provider gets it. */
function keptFor(provider: string, { messages, carries = [] }: StoredJob): string[] {
  const own = carries.filter((carry) => carry.provider === provider)
  return itemsOfJob({ messages, carries: own }).map(({ item }) => item)
}

async function inputOf(job: StoredJob, provider: string, items: ItemReader): Promise<Message[]> {
  if (!job.messages) return [{ role: 'user', content: [{ type: 'text', text: job.prompt }] }]
  // No other provider gets what a vendor gave.
  const own = (job.carries ?? []).filter((carry) => carry.provider === provider)
  const carries = Map.groupBy(own, ({ message }) => message)
  const read: Message[] = []
  for (const [index, message] of job.messages.entries()) {
    const one = await readMessage(message, items)
    read.push(one.role === 'assistant' ? await withCarries(one, carries.get(index) ?? [], items) : one)
  }
  return read
}

async function withCarries(
  { role, content }: Extract<Message, { role: 'assistant' }>,
  carries: readonly InputCarry[],
  items: ItemReader,
): Promise<Message> {
  const parts: AssistantPart[] = [...content]
  for (const carry of carries) {
    const part = parts[carry.part]
    // A refusal goes back as text, for which vendors want nothing.
    if (part && part.type !== 'refusal') parts[carry.part] = { ...part, carry: await readCarry(carry, items) }
  }
  return { role, content: parts }
}

/** What a job answered, for a provider. What a vendor wants back is only for its own provider. */
function answerOf(job: StoredJob, provider: string): AssistantPart[] {
  return job.status === 'pending'
    ? []
    : answerParts(job, answererOf(job).provider === provider).filter((part) => part !== undefined)
}
