import type { CreateJobBody } from '@promptlab/contract'
import type { JobRequest } from '../job.ts'
import type { Item } from '../ports/job-repository.ts'
import { keepContent, lastUserText } from './keep-content.ts'

/** What a body asks, and the content that is stored outside the record. */
export function requestOf(body: CreateJobBody): { readonly request: JobRequest; readonly items: readonly Item[] } {
  const { messages: sent, prompt, ...rest } = body
  if (!sent) return { request: { ...rest, prompt: prompt ?? '' }, items: [] }
  const { messages, items } = keepContent(sent)
  return { request: { ...rest, prompt: lastUserText(sent), messages }, items }
}
