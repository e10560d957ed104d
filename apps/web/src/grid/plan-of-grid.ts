import type { Job } from '@promptlab/client'
import { EMPTY_DRAFT } from '../composer/draft.ts'
import { type OptionFields, optionFieldsOf } from '../composer/option-fields.ts'
import type { Grid } from './cells.ts'
import type { GridPlan } from './grid-plan.ts'

/**
 * The plan of a grid that was run elsewhere, of what its jobs note. Values beyond 512 characters are cut.
 * @param load loads a whole job
 * @returns undefined if the prompt was too long to be noted
 */
export async function planOfGrid(grid: Grid, load: (id: string) => Promise<Job>): Promise<GridPlan | undefined> {
  const jobs = await Promise.all(
    grid.columns.map((_, column) => {
      const cell = grid.rows.map(({ cells }) => cells[column]).find(Boolean)
      return cell && load(cell.job.id)
    }),
  )
  const known = jobs.flatMap((job) => job ?? [])
  const template = known[0]?.metadata?.['template']
  if (template === undefined) return undefined
  const columns = known.map((job) => ({ job, fields: fieldsOf(job) }))
  const [first] = columns
  if (!first) return undefined
  const shared = JSON.stringify(first.fields)
  return {
    draft: {
      ...EMPTY_DRAFT,
      prompt: template,
      options: first.fields,
      choices: columns.map(({ job: { provider, model }, fields }) =>
        JSON.stringify(fields) === shared ? { provider, model } : { provider, model, own: fields },
      ),
    },
    rows: grid.rows.map(({ values }) => values),
  }
}

/** The options of a column: its system text as it was before it was filled in. */
function fieldsOf(job: Job): OptionFields {
  const fields = optionFieldsOf(job)
  return { ...fields, system: job.metadata?.['system'] ?? fields.system }
}
