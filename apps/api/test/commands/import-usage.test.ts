import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { finishJob, newJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { importJobs } from '../../src/storage/job-import.ts'
import type { StoreLocation } from '../../src/storage/store-location.ts'
import { storeAt } from '../../src/stores.ts'
import { SILENT } from '../support/silent-logger.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const OPTIONS = { logger: SILENT }
const AT = Date.parse('2026-11-27T01:00:00Z')
const EVERYTHING = {
  from: '2026-01-01',
  to: '2026-12-31',
  groupBy: ['day', 'owner', 'provider', 'model'],
  limit: 99,
} as const

async function spend(jobs: JobRepository, id: string, model: string): Promise<void> {
  const running = startJob(newJob(id, { prompt: 'Go', provider: 'openai', model }, AT, 'ann'), AT)
  await jobs.insert(running)
  const metrics = { ...running.metrics, cost: { usd: 0.1, priced: 'exact' } as const }
  await jobs.replace(finishJob(running, { result: '', metrics }, { status: 'completed' }, AT), running)
}

async function copy(from: StoreLocation, to: StoreLocation): Promise<void> {
  const source = await storeAt(from).openSource(OPTIONS)
  const target = await storeAt(to).openTarget(OPTIONS)
  try {
    await importJobs(source, target, { sourceName: 'a', targetName: 'b', onProgress: () => {} })
  } finally {
    await source.close()
    await target.close()
  }
}

async function usageAt(location: StoreLocation) {
  const jobs = await storeAt(location).open({ ...OPTIONS, shared: false })
  const sums = await jobs.sumUsage(EVERYTHING)
  const { length } = await jobs.list({ limit: 99 })
  await jobs.close()
  return { sums, jobs: length }
}

/** A store with two jobs, and the usage of two more that were removed. */
async function fill(location: StoreLocation): Promise<void> {
  const jobs = await storeAt(location).open({ ...OPTIONS, shared: false })
  for (const [id, model] of [
    ['kept', 'gpt-4'],
    ['removed', 'gpt-4'],
    ['kept-too', 'gpt-5'],
    ['removed-too', 'größe'],
  ] as const) {
    await spend(jobs, id, model)
  }
  for (const id of ['removed', 'removed-too']) await jobs.deleteFinal(id)
  await jobs.close()
}

const EXPECTED = {
  jobs: 2,
  sums: [
    { day: '2026-11-27', owner: 'ann', provider: 'openai', model: 'gpt-4', jobs: 2, usdBillionths: 200_000_000 },
    { day: '2026-11-27', owner: 'ann', provider: 'openai', model: 'gpt-5', jobs: 1, usdBillionths: 100_000_000 },
    { day: '2026-11-27', owner: 'ann', provider: 'openai', model: 'größe', jobs: 1, usdBillionths: 100_000_000 },
  ],
}

async function newLocations(kind: 'json-file' | 'sqlite'): Promise<{ from: StoreLocation; to: StoreLocation }> {
  const folder = await temporaryFolder()
  return { from: { kind, path: join(folder, 'source') }, to: { kind: 'sqlite', path: join(folder, 'target') } }
}

describe('an import', () => {
  it.each(['json-file', 'sqlite'] as const)(
    'copies what jobs cost from a store of the kind %s, also of removed ones',
    async (kind) => {
      const { from, to } = await newLocations(kind)
      await fill(from)
      await copy(from, to)
      expect(await usageAt(to)).toMatchObject(EXPECTED)
      expect(await usageAt(from)).toMatchObject(EXPECTED)
    },
  )

  it('copies it from a jobs.json that was edited', async () => {
    const { from, to } = await newLocations('json-file')
    await fill(from)
    if (from.kind !== 'json-file') throw new Error('The source is no file')
    const document: unknown = JSON.parse(await readFile(from.path, 'utf8'))
    expect(document).toMatchObject({ version: 3 })
    await writeFile(from.path, JSON.stringify(document, null, 2))
    await copy(from, to)
    expect(await usageAt(to)).toMatchObject(EXPECTED)
  })

  it('counts it once when it is repeated', async () => {
    const { from, to } = await newLocations('json-file')
    await fill(from)
    const source = await storeAt(from).openSource(OPTIONS)
    const target = await storeAt(to).openTarget(OPTIONS)
    await source.count()
    await target.begin('a')
    for await (const page of source.pages()) await target.add(page)
    await target.setUsage(await source.usage())
    await source.close()
    await target.close()
    await copy(from, to)
    expect(await usageAt(to)).toMatchObject(EXPECTED)
  })

  it('is refused into a store whose jobs were all removed but had cost something', async () => {
    const { from, to } = await newLocations('sqlite')
    await fill(from)
    const jobs = await storeAt(to).open({ ...OPTIONS, shared: false })
    await spend(jobs, 'a', 'gpt-4')
    await jobs.deleteFinal('a')
    await jobs.close()
    await expect(copy(from, to)).rejects.toThrow(/has the usage of jobs that were removed/)
  })
})
