import { type ForkJobBody, isFinal, type JobChanges, JobOptions, toolFaults } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import { pathText } from '../../base/path-text.ts'
import { answerUpTo } from '../answer/answer-up-to.ts'
import { answererOf } from '../answerer.ts'
import type { JobRequest, StoredFinalJob, StoredJob } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import { askedParts } from './answer-parts.ts'
import type { AskedAnswerPart, AskedMessage } from './asked-job.ts'
import { forkPlace } from './fork-place.ts'
import type { JobDraft } from './job-request.ts'
import { keepContent } from './keep-content.ts'

/**
 * A job of the same input as another one.
 * @throws ApiError `invalid-request` the options contradict each other
 */
export function rerunDraft(source: StoredJob, changes: JobChanges): JobDraft {
  return { request: { ...inputOf(source), ...changedTerms(source, changes), rerunOf: source.id }, items: [] }
}

/**
 * A job whose conversation is the input of another one, its answer up to a place, and the next text of the user. It does not
 * depend on the other job: all of it is in its own messages.
 * @throws ApiError `job-not-finished`, and `invalid-request` for a place behind the end and for options that contradict each other
 */
export function forkDraft(source: StoredJob, { at, prompt, ...changes }: ForkJobBody): JobDraft {
  if (!isFinal(source)) {
    const message = `The job ${source.id} is ${source.status}, and its answer may still grow. Wait for its end, or cancel it.`
    throw new ApiError('job-not-finished', message)
  }
  const place = forkPlace(source, at)
  const terms = { ...changedTerms(source, changes), forkOf: { jobId: source.id, at: place } }
  const added = [...answerBefore(source, place), ...nextText(prompt)]
  if (added.length === 0) return { request: { ...inputOf(source), ...terms }, items: [] }
  const { messages = [], carries = [] } = source
  const asked = source.messages ? added : [...nextText(source.prompt), ...added]
  const kept = keepContent(asked)
  const allCarries = [
    ...carries,
    ...kept.carries.map((carry) => ({ ...carry, message: carry.message + messages.length })),
  ]
  const request = {
    ...inputOf(source),
    ...terms,
    prompt: prompt ?? source.prompt,
    messages: [...messages, ...kept.messages],
    ...(allCarries.length > 0 && { carries: allCarries }),
  }
  return { request, items: kept.items }
}

function inputOf({ prompt, messages, carries, previousJobId }: StoredJob) {
  return { prompt, messages, carries, previousJobId }
}

function answerBefore(source: StoredFinalJob, place: number): AskedMessage[] {
  const parts = askedParts(answerUpTo(source, place), answererOf(source).provider)
  const content = parts.filter((part) => part !== undefined).filter(hasContent)
  const [only] = content
  if (!only) return []
  const isText = content.length === 1 && only.type === 'text' && only.carry === undefined
  return [{ role: 'assistant', content: isText ? only.text : content }]
}

function hasContent(part: AskedAnswerPart): boolean {
  return part.type === 'tool-call' || part.text !== '' || part.carry !== undefined
}

function nextText(prompt: string | undefined): AskedMessage[] {
  return prompt === undefined ? [] : [{ role: 'user', content: prompt }]
}

type Terms = Pick<JobRequest, 'provider' | 'model' | 'options' | 'fallbacks' | 'maxCostUsd' | 'webhook' | 'metadata'>

/** What is asked beside the input. */
function changedTerms(source: StoredJob, changes: JobChanges): Terms {
  const { provider = source.provider, model = source.model } = changes
  const isSameModel = provider === source.provider && model === source.model
  return {
    provider,
    model,
    options: changedOptions(optionsFor(source, { provider }), changes.options),
    // The new model may be among the fallbacks.
    fallbacks: changed(isSameModel ? source.fallbacks : undefined, changes.fallbacks),
    maxCostUsd: changed(source.maxCostUsd, changes.maxCostUsd),
    webhook: changed(source.webhook, changes.webhook),
    metadata: changed(source.metadata, changes.metadata),
  }
}

/** @param change null removes the value */
function changed<Value>(before: Value | undefined, change: Value | null | undefined): Value | undefined {
  return change === undefined ? before : (change ?? undefined)
}

function changedOptions(before: JobOptions = {}, changes: JobChanges['options'] = {}): JobOptions | undefined {
  const entries = Object.entries({ ...before, ...changes }).filter(([, value]) => value !== null && value !== undefined)
  if (entries.length === 0) return undefined
  const options = JobOptions.parse(Object.fromEntries(entries))
  const faults = toolFaults({ options }).map(({ path, message }) => ({ path: pathText(path), message }))
  if (faults.length === 0) return options
  const sentences = faults.map(({ path, message }) => `${path}: ${message}.`)
  throw new ApiError('invalid-request', sentences.join(' '), { faults })
}
