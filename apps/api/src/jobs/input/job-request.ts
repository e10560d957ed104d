import type { JobRequest } from '../job.ts'
import type { Item } from '../ports/job-repository.ts'
import type { AskedJob } from './asked-job.ts'
import { keepContent, lastUserText } from './keep-content.ts'

/** What is asked of a job, as its record holds it, and the content that is stored outside the record. */
export function requestOf(asked: AskedJob): { readonly request: JobRequest; readonly items: readonly Item[] } {
  const { messages: sent, prompt, ...rest } = asked
  if (!sent) return { request: { ...rest, prompt: prompt ?? '' }, items: [] }
  const { messages, carries, items } = keepContent(sent)
  const carried = carries.length > 0 && { carries }
  return { request: { ...rest, prompt: lastUserText(sent), messages, ...carried }, items }
}
