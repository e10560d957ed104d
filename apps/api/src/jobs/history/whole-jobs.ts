import type { HistoryRef } from '../history-ref.ts'
import type { StoredJob } from '../job.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { type Input, joined, readBlock } from './shared-history.ts'

/**
 * The jobs with all of their messages: those of their blocks, and then those of their records. The blocks of all jobs are one
 * read. In place of a block that the store has lost, a job has a message whose content is lost, so that it can be shown and
 * deleted, and neither run nor copied.
 */
export async function wholeJobs<Job extends StoredJob>(
  jobs: readonly Job[],
  store: Pick<JobRepository, 'findItems'>,
): Promise<Job[]> {
  const ids = new Set(jobs.flatMap(({ history = [] }) => history.map(({ item }) => item)))
  if (ids.size === 0) return [...jobs]
  const found = await store.findItems(ids)
  const blocks = new Map([...found].map(([id, bytes]) => [id, readBlock(bytes)]))
  return jobs.map((job) => {
    if (!job.history) return job
    const earlier = job.history.map((ref) => blocks.get(ref.item) ?? lost(ref))
    const { messages, carries } = joined([...earlier, { messages: job.messages ?? [], carries: job.carries ?? [] }])
    return { ...job, messages, carries: carries.length > 0 ? carries : undefined, history: undefined }
  })
}

function lost({ item, bytes }: HistoryRef): Input {
  return { messages: [{ role: 'user', content: [{ type: 'text', item, bytes }] }], carries: [] }
}
