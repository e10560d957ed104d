import type { JobRequest } from '../job.ts'
import type { Item } from '../ports/stored-values.ts'
import type { AskedJob } from './asked-job.ts'
import { keepContent, lastUserText } from './keep-content.ts'

/** What is asked of a job, as its record holds it. */
export interface JobDraft {
  readonly request: JobRequest
  /** The content that is stored outside the record and may not be there yet. */
  readonly items: readonly Item[]
}

/** What is asked of a job, and its content. */
export function requestOf(asked: AskedJob): JobDraft {
  const { messages: sent, prompt, ...rest } = asked
  if (!sent) return { request: { ...rest, prompt: prompt ?? '' }, items: [] }
  const { messages, carries, items } = keepContent(sent)
  const carried = carries.length > 0 && { carries }
  return { request: { ...rest, prompt: lastUserText(sent), messages, ...carried }, items }
}
