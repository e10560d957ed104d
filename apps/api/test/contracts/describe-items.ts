import { createHash } from 'node:crypto'
import type { ShownMessage } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { finishJob, newJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { ItemSweptError } from '../../src/jobs/ports/storage-errors.ts'
import type { Item } from '../../src/jobs/ports/stored-values.ts'
import { CREATED_AT, type NewStore, openStore } from './stored-job.ts'

const DAY_MS = 86_400_000

export function anItem(content: string | Uint8Array): Item {
  const bytes = Buffer.from(content)
  return { id: createHash('sha256').update(bytes).digest('hex'), bytes }
}

/** A job whose messages refer to the items. */
export function aJobWith(id: string, items: readonly Item[], owner?: string): StoredPendingJob {
  const content = items.map(({ id: item, bytes }) => ({ type: 'text' as const, item, bytes: bytes.length }))
  const messages: ShownMessage[] = [{ role: 'user', content }]
  return newJob(id, { prompt: '', messages, provider: 'echo', model: 'echo' }, CREATED_AT, owner)
}

/** Items are kept once, as long as a job refers to them. */
export function describeItems(newStore: NewStore): void {
  describe('items', () => {
    const openNew = async () => openStore(await newStore())
    const [a, b, c] = [anItem('a'.repeat(2_000)), anItem(Uint8Array.of(0, 255, 16, 0)), anItem('c'.repeat(70_000))]
    /** Far enough in the future that no item was touched since. */
    const sweep = (jobs: JobRepository, limit = 99) => jobs.sweepItems(Date.now() + DAY_MS, limit)
    const contentOf = async (jobs: JobRepository, { id }: Item) => {
      const bytes = await jobs.findItem(id)
      return bytes && Buffer.from(bytes)
    }

    it('have the bytes that were stored, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.storeItems([a, b, a])
      await first.storeItems([])
      await first.storeItems([b, c])
      await first.close()
      const jobs = await openStore(store)
      for (const item of [a, b, c]) expect(await contentOf(jobs, item)).toEqual(item.bytes)
    })

    it('are read together by their ids, without those that are gone', async () => {
      const jobs = await openNew()
      await jobs.storeItems([a, b])
      const found = await jobs.findItems([b.id, c.id, a.id, b.id, '..'])
      expect(new Map([...found].map(([id, bytes]) => [id, Buffer.from(bytes)]))).toEqual(
        new Map([a, b].map(({ id, bytes }) => [id, bytes])),
      )
    })

    it('are not found under an unknown id', async () => {
      const jobs = await openNew()
      await jobs.storeItems([a])
      for (const id of [b.id, a.id.toUpperCase(), '', '\0', '.', '..', `../${a.id}`, `./${a.id}`, a.id.slice(1)])
        expect(await jobs.findItem(id)).toBeUndefined()
    })

    it('can be stored by many at once', async () => {
      const jobs = await openNew()
      const items = Array.from({ length: 30 }, (_, index) => anItem(`item ${index}`))
      await Promise.all(items.map((_, index) => jobs.storeItems([...items.slice(index), ...items.slice(0, index)])))
      for (const item of items) expect(await contentOf(jobs, item)).toEqual(item.bytes)
    })

    it('are swept when nothing refers to them and nobody touched them since a time', async () => {
      const jobs = await openNew()
      await jobs.storeItems([a, b, c])
      await jobs.insert(aJobWith('job', [b, b]))
      expect(await jobs.sweepItems(Date.now() - 60_000, 99)).toBe(0)
      expect(await sweep(jobs, 1)).toBe(1)
      expect(await sweep(jobs)).toBe(1)
      expect(await sweep(jobs)).toBe(0)
      expect(await contentOf(jobs, b)).toEqual(b.bytes)
      for (const item of [a, c]) expect(await jobs.findItem(item.id)).toBeUndefined()
    })

    it('can be stored again after a sweep', async () => {
      const jobs = await openNew()
      await jobs.storeItems([a])
      await sweep(jobs)
      await jobs.storeItems([a, b])
      await jobs.insert(aJobWith('job', [a, b]))
      expect(await contentOf(jobs, a)).toEqual(a.bytes)
    })

    it('stay until the last of their jobs is removed', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.storeItems([a])
      for (const id of ['1', '2']) {
        const running = startJob(aJobWith(id, [a]), CREATED_AT)
        await first.insert(running)
        await first.replace(finishJob(running, running, { status: 'completed' }, CREATED_AT), running)
      }
      await first.deleteFinal('1')
      expect(await sweep(first)).toBe(0)
      await first.close()
      const jobs = await openStore(store)
      expect(await sweep(jobs)).toBe(0)
      await jobs.deleteFinal('2')
      expect(await sweep(jobs)).toBe(1)
    })

    it('are refused to a job when they are gone, and nothing of the job is stored', async () => {
      const jobs = await openNew()
      await jobs.storeItems([a])
      await expect(jobs.insert(aJobWith('job', [a, b]))).rejects.toThrow(ItemSweptError)
      await expect(jobs.insert(aJobWith('job', [b]), { key: 'order', fingerprint: 'x' })).rejects.toThrow(
        ItemSweptError,
      )
      expect(await jobs.find('job')).toBeUndefined()
      await jobs.storeItems([b])
      await jobs.insert(aJobWith('job', [a, b]), { key: 'order', fingerprint: 'x' })
      expect(await jobs.find('job')).toEqual(aJobWith('job', [a, b]))
    })

    it('belong to a stored job or are gone with words, whatever a sweep does meanwhile', async () => {
      const jobs = await openNew()
      const stored: Item[] = []
      for (let round = 0; round < 20; round += 1) {
        const item = anItem(`item of round ${round}`)
        await jobs.storeItems([item])
        const [swept, inserted] = await Promise.allSettled([sweep(jobs), jobs.insert(aJobWith(`job-${round}`, [item]))])
        expect(swept.status).toBe('fulfilled')
        if (inserted.status === 'fulfilled') stored.push(item)
        else expect(inserted.reason).toBeInstanceOf(ItemSweptError)
      }
      for (const item of stored) expect(await contentOf(jobs, item)).toEqual(item.bytes)
    })

    it('count for each job of a caller that refers to them, and with the input of waiting jobs', async () => {
      const store = await newStore()
      const first = await store.open()
      await first.storeItems([a, b, c])
      await first.insert(aJobWith('1', [a, b, a], 'ann'))
      await first.insert(startJob(aJobWith('2', [a, c], 'ann'), CREATED_AT))
      await first.insert(aJobWith('3', [c], 'bob'))
      await first.insert(aJobWith('4', [c]))
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.countStoredBytes('ann')).toBe(2_000 + 4 + 2_000 + 70_000)
      expect(await jobs.countStoredBytes('bob')).toBe(70_000)
      expect(await jobs.countStoredBytes('nobody')).toBe(0)
      const pending = await jobs.countPendingBytes()
      expect(pending.get('bob')).toBeGreaterThanOrEqual(70_000)
      expect(pending.get('bob')).toBeLessThan(71_000)
      const running = startJob(aJobWith('2', [a, c], 'ann'), CREATED_AT)
      await jobs.replace(finishJob(running, running, { status: 'cancelled' }, CREATED_AT), running)
      await jobs.deleteFinal('2')
      expect(await jobs.countStoredBytes('ann')).toBe(2_004)
    })
  })
}
