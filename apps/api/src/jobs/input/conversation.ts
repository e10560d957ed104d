import type { ShownMessage, ShownPart } from '@promptlab/contract'
import type { AssistantPart, Message, ToolResultPart, UserPart } from '@promptlab/providers'
import { partsOf } from '../answer/stored-answer.ts'
import type { StoredJob } from '../job.ts'
import { type JobRepository, PreviousJobGoneError } from '../ports/job-repository.ts'
import { ItemReader } from './item-reader.ts'

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
 * The conversation that a job asks its provider to go on with: the input and the answer of each job before it, and its own
 * input.
 * @throws PreviousJobGoneError
 * @throws StorageUnavailableError
 */
export async function readConversation(
  job: StoredJob,
  jobs: Pick<JobRepository, 'find' | 'findItem'>,
): Promise<readonly Message[]> {
  const items = new ItemReader(jobs)
  const messages: Message[] = []
  for (const earlier of await readChain(job, jobs)) {
    messages.push(...(await inputOf(earlier, items)))
    const content = answerParts(earlier, job.provider)
    if (content.length > 0) messages.push({ role: 'assistant', content })
  }
  return [...messages, ...(await inputOf(job, items))]
}

async function inputOf({ prompt, messages }: StoredJob, items: ItemReader): Promise<Message[]> {
  if (!messages) return [{ role: 'user', content: [{ type: 'text', text: prompt }] }]
  const read: Message[] = []
  for (const message of messages) read.push(await messageOf(message, items))
  return read
}

async function messageOf({ role, content }: ShownMessage, items: ItemReader): Promise<Message> {
  const parts: ShownPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  switch (role) {
    case 'system':
      return { role, content: await eachOf(parts, (part) => textPart(part, items)) }
    case 'user':
      return { role, content: await eachOf(parts, (part) => userPart(part, items)) }
    case 'assistant':
      return { role, content: await eachOf(parts, (part) => assistantPart(part, items)) }
    case 'tool':
      return { role, content: await eachOf(parts, (part) => toolResult(part, items)) }
  }
}

/** The parts in turn, not at once: each may be as long as a whole request. */
async function eachOf<Part>(
  parts: readonly ShownPart[],
  read: (part: ShownPart) => Promise<Part | undefined>,
): Promise<Part[]> {
  const all: Part[] = []
  for (const part of parts) {
    const one = await read(part)
    if (one !== undefined) all.push(one)
  }
  return all
}

async function textPart(part: ShownPart, items: ItemReader) {
  if (part.type !== 'text') return undefined
  return { type: part.type, text: 'item' in part ? await items.text(part) : part.text }
}

async function userPart(part: ShownPart, items: ItemReader): Promise<UserPart | undefined> {
  if (part.type === 'text') return await textPart(part, items)
  if (part.type !== 'image' && part.type !== 'file') return undefined
  const source = 'item' in part ? { mediaType: part.mediaType, data: await items.base64(part) } : linkOf(part)
  return part.type === 'image'
    ? { type: part.type, ...source }
    : { type: part.type, ...(part.name !== undefined && { name: part.name }), ...source }
}

function linkOf({ url, mediaType }: { readonly url: string; readonly mediaType?: string | undefined }) {
  return { url, ...(mediaType !== undefined && { mediaType }) }
}

async function assistantPart(part: ShownPart, items: ItemReader): Promise<AssistantPart | undefined> {
  if (part.type !== 'tool-call') return await textPart(part, items)
  const { type, callId, name } = part
  return { type, callId, name, arguments: await items.textOf(part.arguments) }
}

async function toolResult(part: ShownPart, items: ItemReader): Promise<ToolResultPart | undefined> {
  if (part.type !== 'tool-result') return undefined
  const { type, callId, content } = part
  const parts: ShownPart[] = typeof content === 'string' ? [{ type: 'text', text: content }] : content
  return { type, callId, content: await eachOf(parts, (inner) => userPart(inner, items)) }
}

/**
 * What a job answered, for a provider. A tool call that was cut is left out, because there can be no result. What a vendor
 * wants back is only for its own provider.
 */
function answerParts(job: StoredJob, provider: string): AssistantPart[] {
  if (job.status === 'pending') return []
  const parts: AssistantPart[] = []
  let textEnd = 0
  for (const part of partsOf(job)) {
    const carried = job.provider === provider && part.carry !== undefined && { carry: part.carry }
    switch (part.type) {
      case 'text':
        textEnd += part.length
        parts.push({ type: part.type, text: job.result.slice(textEnd - part.length, textEnd), ...carried })
        break
      case 'tool-call': {
        const { type, callId, name, ended } = part
        if (ended) parts.push({ type, callId, name, arguments: part.arguments, ...carried })
        break
      }
      case 'reasoning':
        parts.push({ type: part.type, text: part.text, ...carried })
        break
      case 'refusal':
        parts.push({ type: part.type, text: part.text })
    }
  }
  return parts
}
