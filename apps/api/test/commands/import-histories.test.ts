import { join } from 'node:path'
import { expect, it } from 'vitest'
import { sharingJobRepository } from '../../src/jobs/history/sharing-job-repository.ts'
import { importJobs } from '../../src/storage/job-import.ts'
import type { StoreLocation } from '../../src/storage/store-location.ts'
import { storeAt } from '../../src/stores.ts'
import { aLongJob } from '../contracts/describe-histories.ts'
import { openStore } from '../contracts/stored-job.ts'
import { SILENT } from '../support/silent-logger.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const OPTIONS = { logger: SILENT }
const DAY_MS = 86_400_000

it.each(['json-file', 'sqlite'] as const)(
  'an import from %s copies shared histories, and no sweep takes what they refer to',
  async (kind) => {
    const folder = await temporaryFolder()
    const from: StoreLocation = { kind, path: join(folder, 'source') }
    const to: StoreLocation = { kind: 'sqlite', path: join(folder, 'target') }
    const asked = [aLongJob('first', 60), aLongJob('next', 61)]
    const filled = await storeAt(from).open({ ...OPTIONS, shared: false })
    for (const { job, items } of asked) {
      await filled.storeItems(items)
      await sharingJobRepository(filled).insert(job)
    }
    const counted = await filled.countStoredBytes('ann')
    await filled.close()
    const source = await storeAt(from).openSource(OPTIONS)
    const target = await storeAt(to).openTarget(OPTIONS)
    await importJobs(source, target, { sourceName: 'a', targetName: 'b', onProgress: () => {} })
    await source.close()
    await target.close()
    const raw = await openStore({ open: () => storeAt(to).open({ ...OPTIONS, shared: false }) })
    expect(await raw.countStoredBytes('ann')).toBe(counted)
    expect(await raw.sweepItems(Date.now() + DAY_MS, 999)).toBe(0)
    for (const { job, items } of asked) {
      expect(await sharingJobRepository(raw).find(job.id)).toEqual(job)
      for (const { id, bytes } of items) expect(Buffer.from((await raw.findItem(id)) ?? [])).toEqual(bytes)
    }
  },
)
