import type { Job } from '@promptlab/client'
import { type Draft, draftOf } from '../composer/draft.ts'
import { optionFieldsOf } from '../composer/option-fields.ts'

/** The draft with the models of jobs that are shown, and with their options: its own for each model where they differ. */
export function adoptedDraft(jobs: readonly Job[], draft: Draft): Draft {
  const [first] = jobs
  if (!first) return draft
  const shared = draftOf(first, draft)
  const text = JSON.stringify(shared.options)
  return {
    ...shared,
    choices: jobs.map((job) => {
      const { provider, model } = job
      const own = optionFieldsOf(job)
      return JSON.stringify(own) === text ? { provider, model } : { provider, model, own }
    }),
  }
}
