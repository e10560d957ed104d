import type { AskedAnswerPart, AskedMessage } from '../../jobs/input/asked-job.ts'
import { itemOf, partId } from '../door-ids.ts'
import type { Earlier } from './earlier.ts'

/** The id of one of several items that a message of an input is shown as. */
const ITEM_OF_MESSAGE = /^(.+_i\d{1,6})_(\d{1,6})$/

/** The part of an earlier answer that is an item; undefined if there is none. A call has the id under which it left. */
export async function earlierPart(id: string, earlier: Earlier): Promise<AskedAnswerPart | undefined> {
  const { jobId, part: index } = itemOf(id) ?? {}
  if (jobId === undefined || index === undefined) return undefined
  const part = await earlier.part(jobId, index)
  return part?.type === 'tool-call' ? { ...part, callId: partId('call_', jobId, index) } : part
}

/** The message of an earlier input that an item was shown for, or the part of it; undefined if there is none. */
export async function earlierMessage(id: string, earlier: Earlier): Promise<AskedMessage | undefined> {
  const [, ofMessage = id, index] = ITEM_OF_MESSAGE.exec(id) ?? []
  const { jobId, message: number } = itemOf(ofMessage) ?? {}
  if (jobId === undefined || number === undefined) return undefined
  const message = await earlier.message(jobId, number)
  return message && index !== undefined ? onlyPart(message, Number(index)) : message
}

/** Whether an item is the message of an answer that has nothing to say, which is no part of it. */
export async function isEmptyAnswer(id: string, earlier: Earlier): Promise<boolean> {
  const { jobId, part } = itemOf(id) ?? {}
  if (jobId === undefined || part !== 0 || !id.startsWith('msg_')) return false
  // Each job has a first message, so there is such a job.
  return (await earlier.message(jobId, 0)) !== undefined
}

function onlyPart(message: AskedMessage, index: number): AskedMessage | undefined {
  if (message.role === 'assistant' && typeof message.content !== 'string') {
    const part = message.content[index]
    return part && { role: message.role, content: [part] }
  }
  const result = message.role === 'tool' ? message.content[index] : undefined
  return result && { role: 'tool', content: [result] }
}
