import { expect } from 'vitest'
import { newJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { EarlierStores } from '../support/earlier-stores.ts'
import { insertFinished } from './stored-job.ts'

/** Stores that servers without metadata and without the search made. */
const stores = new EarlierStores('before-budgets')

const NOW = Date.parse('2026-11-27T08:00:00.000Z')

/** Searches the jobs before and after they are in the index, and stores a job with metadata beside them. */
async function expectEverything(jobs: JobRepository): Promise<void> {
  const expected = await stores.expectJobs(jobs)
  const idsOf = async (...words: string[]) =>
    (await jobs.search({ limit: 9, words })).jobs.map(({ id }) => id).toSorted()
  const expectFound = async () => {
    expect(await idsOf('text', 'of')).toEqual(['cancelled', 'done', 'failed'])
    expect(await idsOf('wai')).toEqual(['waiting'])
    expect(await idsOf('go', 'gone')).toEqual(['behind'])
  }
  await expectFound()
  while (await jobs.indexEnded(NOW, 2));
  await expectFound()
  expect(await jobs.list({ limit: 99, model: 'gpt-4' })).toHaveLength(expected.length - 1)
  const found = await jobs.findTurns({ id: 'behind', owner: undefined, limit: 9, maxBytes: 1_000_000 })
  expect(found.jobs.map(({ id }) => id)).toEqual(['done', 'behind'])

  const request = { prompt: 'The text of today', provider: 'echo', model: 'echo', metadata: { run: '7' } }
  await insertFinished(jobs, newJob('new', request, NOW, 'ann'), NOW)
  expect(await jobs.list({ limit: 9, metadata: { run: '7' } })).toMatchObject([{ id: 'new', metadata: { run: '7' } }])
  expect(await idsOf('text', 'of')).toEqual(['cancelled', 'done', 'failed', 'new'])
  while (await jobs.indexEnded(NOW + 5_000, 2));
  await jobs.deleteFinal('done')
  expect(await idsOf('text', 'of')).toEqual(['cancelled', 'failed', 'new'])
}

await stores.describe('a store of a server before the search', {
  expectEverything,
  document: /^\{"version":\d,/,
})
