import { wasCutOff } from '../../jobs/answer/output.ts'
import type { StoredFinalJob } from '../../jobs/job.ts'
import { answerParts, EMPTY_MESSAGE, isItem } from './answer-part.ts'
import { type ItemContext, type OutputItem, outputItem } from './output-item.ts'

/** The output of a job that has ended. */
export function outputItems(job: StoredFinalJob, context: ItemContext): OutputItem[] {
  const items = answerParts(job).filter(isItem)
  const parts = items.length === 0 && job.status === 'completed' ? [EMPTY_MESSAGE] : items
  const isCut = wasCutOff(job)
  return parts.map((part, place) =>
    outputItem(
      part,
      isCut && place === parts.length - 1 && part.type !== 'tool-call' ? 'incomplete' : 'completed',
      context,
    ),
  )
}
