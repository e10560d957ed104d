import { z } from 'zod'
import { Job, JobSummaryResource } from './job.ts'
import { MAX_METADATA } from './metadata.ts'
import { PageLimit } from './page-limit.ts'

/** What a parameter begins with that asks for an entry of the metadata. */
const METADATA_PREFIX = 'metadata.'

const NO_TIME = 'Must be a date with a time and a zone, such as 2026-11-27T09:30:00Z'

const parameters = {
  limit: PageLimit.describe('The most jobs of a page.'),
  cursor: z.string().min(1).optional().describe('The `nextCursor` of the page before.'),
  status: z.enum(Job.options.map(({ shape }) => shape.status.value)).optional(),
  provider: z.string().min(1).optional(),
  model: z.string().min(1).max(200).optional(),
  search: z
    .string()
    .max(200)
    .regex(/[\p{L}\p{N}]/u, 'Must have a letter or a digit')
    .optional()
    .describe(
      'Words that must all occur in the prompt or the answer, each as the beginning of a word, whatever their case and accents.',
    ),
  createdFrom: z.iso.datetime({ offset: true, error: NO_TIME }).optional().describe('Only jobs created then or later.'),
  createdBefore: z.iso.datetime({ offset: true, error: NO_TIME }).optional().describe('Only jobs created earlier.'),
  'metadata.NAME': z
    .string()
    .optional()
    .describe(
      `Only jobs whose metadata has this entry. In place of NAME stands the name of the entry, as in \`metadata.order=1207\`. At most ${MAX_METADATA} of them, which must all match.`,
    ),
}

/** The query of `GET /jobs`. Its parameters `metadata.NAME` become `metadata`. */
export const JobListQuery = z
  .object(parameters)
  .catchall(z.unknown())
  .transform((query, context) => {
    const { limit, cursor, status, provider, model, search, createdFrom, createdBefore } = query
    const others = Object.entries(query).filter(
      ([name]) => name === 'metadata.NAME' || !Object.hasOwn(parameters, name),
    )
    const entries: [string, string][] = []
    const unknown: string[] = []
    for (const [parameter, value] of others) {
      const name = parameter.slice(METADATA_PREFIX.length)
      if (!parameter.startsWith(METADATA_PREFIX) || name === '') unknown.push(parameter)
      else if (typeof value === 'string') entries.push([name, value])
      else if (value !== undefined)
        context.issues.push({ code: 'invalid_type', expected: 'string', input: value, path: [parameter] })
    }
    if (unknown.length > 0) context.issues.push({ code: 'unrecognized_keys', keys: unknown, input: query })
    if (entries.length > MAX_METADATA)
      context.issues.push({
        code: 'custom',
        message: `Give at most ${MAX_METADATA} entries`,
        input: query,
        path: ['metadata'],
      })
    const metadata = entries.length > 0 ? Object.fromEntries(entries) : undefined
    return { limit, cursor, status, provider, model, search, createdFrom, createdBefore, metadata }
  })
export type JobListQuery = z.infer<typeof JobListQuery>

/** A page of jobs, newest first. */
export const JobPage = z.object({
  data: z.array(JobSummaryResource),
  nextCursor: z
    .string()
    .nullable()
    .describe(
      'The cursor of the next page. Null on the last page. A page of a search may have fewer jobs than `limit`, or none, and still not be the last.',
    ),
})
export type JobPage = z.infer<typeof JobPage>
