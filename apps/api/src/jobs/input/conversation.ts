import type { AssistantPart, Message } from '@promptlab/providers'
import { answererOf } from '../answerer.ts'
import type { InputCarry } from '../door.ts'
import type { StoredJob } from '../job.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { PreviousJobGoneError } from '../ports/storage-errors.ts'
import { answerParts } from './answer-parts.ts'
import { ItemReader } from './item-reader.ts'
import { readCarry, readMessage } from './read-message.ts'

type Asked = Pick<StoredJob, 'messages' | 'previousJobId'>

/** Whether a job asks more than its prompt. */
export function hasConversation({ messages, previousJobId }: Asked): boolean {
  return messages !== undefined || previousJobId !== undefined
}

/**
 * The jobs whose conversation a job goes on with, oldest first.
 * @param maxLength the most jobs that are read
 * @throws PreviousJobGoneError
 */
export async function readChain(
  { previousJobId }: Pick<StoredJob, 'previousJobId'>,
  jobs: Pick<JobRepository, 'find'>,
  maxLength = Number.POSITIVE_INFINITY,
): Promise<StoredJob[]> {
  const chain: StoredJob[] = []
  for (let id = previousJobId; id !== undefined && chain.length < maxLength; ) {
    const job = await jobs.find(id)
    if (!job) throw new PreviousJobGoneError(id)
    chain.push(job)
    id = job.previousJobId
  }
  return chain.reverse()
}

/**
 * The conversation that a job asks a provider to go on with: the input and the answer of each job before it, and its own
 * input.
 * @param provider who is asked. It gets nothing that another one gave and wants back
 * @throws PreviousJobGoneError
 * @throws StorageUnavailableError
 */
export async function readConversation(
  job: StoredJob,
  jobs: Pick<JobRepository, 'find' | 'findItem'>,
  provider: string,
): Promise<readonly Message[]> {
  const items = new ItemReader(jobs)
  const messages: Message[] = []
  for (const earlier of await readChain(job, jobs)) {
    messages.push(...(await inputOf(earlier, provider, items)))
    const content = answerOf(earlier, provider)
    if (content.length > 0) messages.push({ role: 'assistant', content })
  }
  return [...messages, ...(await inputOf(job, provider, items))]
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
