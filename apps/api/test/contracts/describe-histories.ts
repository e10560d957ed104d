import { describe, expect, it } from 'vitest'
import { sharingJobRepository } from '../../src/jobs/history/sharing-job-repository.ts'
import type { AskedMessage } from '../../src/jobs/input/asked-job.ts'
import { requestOf } from '../../src/jobs/input/job-request.ts'
import { finishJob, newJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import { forwardingRepository } from '../../src/jobs/ports/forwarding-repository.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { UpgradeUnderWayError } from '../../src/jobs/ports/storage-errors.ts'
import type { Item } from '../../src/jobs/ports/stored-values.ts'
import { CREATED_AT, type NewStore, openStore } from './stored-job.ts'

const DAY_MS = 86_400_000

/** A turn of a client that sends all messages: a question, a call, its result, of which each tenth is long, and an answer. */
function turn(index: number): AskedMessage[] {
  const callId = `call-${index}`
  const carry = { provider: 'echo', value: `signature ${index}` }
  return [
    { role: 'user', content: `Question ${index} \ud83d \0 "${'word '.repeat(20)}"` },
    { role: 'assistant', content: [{ type: 'tool-call', callId, name: 'look', arguments: `{"at":${index}}`, carry }] },
    {
      role: 'tool',
      content: [{ type: 'tool-result', callId, content: `${index} `.repeat(index % 10 === 3 ? 800 : 20) }],
    },
    { role: 'assistant', content: [{ type: 'text', text: `Answer ${index}. ${'More. '.repeat(10)}` }] },
  ]
}

/** A job, and the items of its messages. */
interface Asked {
  readonly job: StoredPendingJob
  readonly items: readonly Item[]
}

/** The job of a conversation of so many turns and the next question. */
export function aLongJob(id: string, turns: number, owner = 'ann', first = 0): Asked {
  const earlier = Array.from({ length: turns }, (_, index) => turn(index + first)).flat()
  const messages = [...earlier, { role: 'user' as const, content: 'And now?' }]
  const { request, items } = requestOf({ provider: 'echo', model: 'echo', messages })
  return { job: newJob(id, request, CREATED_AT, owner), items }
}

/** Long conversations, whose earlier messages several records share. */
export function describeHistories(newStore: NewStore): void {
  describe('a shared history', () => {
    /** The store as it is, and as the server uses it. */
    const openNew = async () => {
      const raw = await openStore(await newStore())
      return { raw, jobs: sharingJobRepository(raw) }
    }
    const insert = async (jobs: JobRepository, { job, items }: Asked) => {
      await jobs.storeItems(items)
      await jobs.insert(job)
    }
    const end = async (jobs: JobRepository, job: StoredPendingJob) => {
      const running = startJob(job, CREATED_AT)
      await jobs.replace(running, { status: 'pending' })
      await jobs.replace(finishJob(running, running, { status: 'completed' }, CREATED_AT), running)
    }
    const sweep = (jobs: JobRepository) => jobs.sweepItems(Date.now() + DAY_MS, 999)
    const sweepAll = async (jobs: JobRepository) => {
      while ((await sweep(jobs)) > 0);
    }
    const blocksOf = async (raw: JobRepository, id: string) => (await raw.find(id))?.history ?? []
    const recordBytes = async (raw: JobRepository, id: string) => JSON.stringify(await raw.find(id)).length
    const isWhole = async (jobs: JobRepository, { job, items }: Asked) => {
      expect(await jobs.find(job.id)).toMatchObject({ messages: job.messages, carries: job.carries })
      for (const { id, bytes } of items) expect(Buffer.from((await jobs.findItem(id)) ?? [])).toEqual(bytes)
    }

    it('is read as it was asked, in every state, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      const asked = aLongJob('long', 60)
      const jobs = sharingJobRepository(first)
      await jobs.storeItems(asked.items)
      await jobs.insert(asked.job, { key: 'order', fingerprint: 'x' })
      expect((await blocksOf(first, 'long')).length).toBeGreaterThan(3)
      expect(await recordBytes(first, 'long')).toBeLessThan(JSON.stringify(asked.job).length / 3)
      expect(await jobs.find('long')).toEqual(asked.job)
      const running = startJob(asked.job, CREATED_AT)
      await jobs.replace(running, { status: 'pending' })
      expect(await jobs.find('long')).toEqual(running)
      await first.close()
      const raw = await openStore(store)
      const again = sharingJobRepository(raw)
      expect(await again.find('long')).toEqual(running)
      const final = finishJob(running, { ...running, result: 'text' }, { status: 'completed' }, CREATED_AT)
      await again.replace(final, running)
      expect(await again.find('long')).toEqual(final)
      expect(await again.findByIdempotencyKey('order', CREATED_AT)).toEqual({ job: final, fingerprint: 'x' })
      expect(await again.insert(asked.job, { key: 'order', fingerprint: 'x' })).toMatchObject({ job: final })
      expect(await again.findEach(['long', 'unknown'])).toEqual([final])
      const query = { id: 'long', owner: 'ann', limit: 9, maxBytes: 1 }
      expect(await again.findTurns(query)).toEqual({ jobs: [final], hasEarlier: false })
    })

    it('is not made of a short conversation, whose record is as it was', async () => {
      const { raw, jobs } = await openNew()
      const asked = aLongJob('short', 5)
      await insert(jobs, asked)
      expect(await raw.find('short')).toEqual(asked.job)
    })

    it('is stored once: a later turn adds what is new', async () => {
      const { raw, jobs } = await openNew()
      await insert(jobs, aLongJob('first', 60))
      const before = new Set((await blocksOf(raw, 'first')).map(({ item }) => item))
      await insert(jobs, aLongJob('next', 61))
      const after = await blocksOf(raw, 'next')
      expect(after.filter(({ item }) => !before.has(item)).length).toBeLessThan(3)
      expect(after.length).toBeGreaterThanOrEqual(before.size)
      await isWhole(jobs, aLongJob('next', 61))
    })

    it('comes back behind messages that were left out at the beginning', async () => {
      const { raw, jobs } = await openNew()
      await insert(jobs, aLongJob('first', 100))
      const before = new Set((await blocksOf(raw, 'first')).map(({ item }) => item))
      await insert(jobs, aLongJob('cut', 95, 'ann', 5))
      const after = await blocksOf(raw, 'cut')
      expect(after.filter(({ item }) => before.has(item)).length).toBeGreaterThan(after.length / 2)
      await isWhole(jobs, aLongJob('cut', 95, 'ann', 5))
    })

    it('is shared by no two callers', async () => {
      const { raw, jobs } = await openNew()
      await insert(jobs, aLongJob('of ann', 60))
      await insert(jobs, aLongJob('of bob', 60, 'bob'))
      const [ann, bob] = [await blocksOf(raw, 'of ann'), await blocksOf(raw, 'of bob')]
      expect(bob.length).toBe(ann.length)
      expect(bob.filter(({ item }) => ann.some((block) => block.item === item))).toEqual([])
    })

    it('stays, with the items to which it refers, until the last of its jobs is removed', async () => {
      const store = await newStore()
      const first = await store.open()
      const [one, two] = [aLongJob('one', 60), aLongJob('two', 61)]
      for (const asked of [one, two]) {
        const jobs = sharingJobRepository(first)
        await insert(jobs, asked)
        await end(jobs, asked.job)
      }
      await first.deleteFinal('one')
      await sweepAll(first)
      await isWhole(sharingJobRepository(first), two)
      await first.close()
      const raw = await openStore(store)
      await sweepAll(raw)
      await isWhole(sharingJobRepository(raw), two)
      const content = [...(await blocksOf(raw, 'two')), ...two.items.map(({ id }) => ({ item: id }))]
      await raw.deleteFinal('two')
      await sweepAll(raw)
      for (const { item } of content) expect(await raw.findItem(item)).toBeUndefined()
    })

    it('keeps its items also when the job is made of another one, whose items nobody sent again', async () => {
      const { jobs } = await openNew()
      const source = aLongJob('source', 60)
      await insert(jobs, source)
      await end(jobs, source.job)
      const rerun = { ...source.job, id: 'rerun', owner: 'bob' }
      await jobs.insert(rerun)
      await jobs.deleteFinal('source')
      await sweepAll(jobs)
      await isWhole(jobs, { job: rerun, items: source.items })
    })

    it('that was stored by a process which died before its job is swept, and the same request stores it again', async () => {
      const store = await newStore()
      const first = await store.open()
      const asked = aLongJob('long', 60)
      await first.storeItems(asked.items)
      const dying = { ...forwardingRepository(first), insert: () => Promise.reject(new Error('killed')) }
      await expect(sharingJobRepository(dying).insert(asked.job)).rejects.toThrow('killed')
      await first.close()
      const raw = await openStore(store)
      expect(await raw.find('long')).toBeUndefined()
      await sweepAll(raw)
      for (const { id } of asked.items) expect(await raw.findItem(id)).toBeUndefined()
      const jobs = sharingJobRepository(raw)
      await insert(jobs, asked)
      await sweepAll(raw)
      await isWhole(jobs, asked)
    })

    it('counts once for all jobs of its caller, and with the input of each waiting job', async () => {
      const { raw, jobs } = await openNew()
      const [one, two] = [aLongJob('one', 60), aLongJob('two', 60)]
      await insert(jobs, one)
      const counted = await jobs.countStoredBytes('ann')
      expect(counted).toBeGreaterThan(0)
      await insert(jobs, two)
      expect(await jobs.countStoredBytes('ann')).toBe(counted)
      const whole = JSON.stringify(one.job.messages).length
      expect((await jobs.countPendingBytes()).get('ann')).toBeGreaterThan(2 * whole)
      for (const { job } of [one, two]) await end(jobs, job)
      await raw.deleteFinal('one')
      expect(await jobs.countStoredBytes('ann')).toBe(counted)
      await raw.deleteFinal('two')
      expect(await jobs.countStoredBytes('ann')).toBe(0)
    })

    it('belongs to a stored job or is refused with words, whatever a sweep does meanwhile', async () => {
      const { jobs } = await openNew()
      for (let round = 0; round < 10; round += 1) {
        const asked = aLongJob(`job-${round}`, 30, 'ann', round * 100)
        await jobs.storeItems(asked.items)
        const [swept, inserted] = await Promise.allSettled([sweep(jobs), jobs.insert(asked.job)])
        expect(swept.status).toBe('fulfilled')
        if (inserted.status === 'rejected') {
          expect(inserted.reason).toMatchObject({ code: 'storage-unavailable' })
          // The same request stores it again.
          await insert(jobs, asked)
        }
        await isWhole(jobs, asked)
      }
    })

    it('takes a place in the store that grows with what is new', async () => {
      const { raw, jobs } = await openNew()
      const bytes = new Map<string, number>()
      const sizes: number[] = []
      for (let turns = 1; turns <= 100; turns += 1) {
        const asked = aLongJob(`turn-${turns}`, turns)
        await insert(jobs, asked)
        bytes.set(asked.job.id, await recordBytes(raw, asked.job.id))
        for (const ref of await blocksOf(raw, asked.job.id)) bytes.set(ref.item, ref.bytes)
        sizes.push([...bytes.values()].reduce((sum, size) => sum + size, 0))
      }
      expect((sizes[99] ?? 0) / (sizes[49] ?? 0)).toBeLessThan(3)
    })

    it('is not made while a process of an earlier version shares the store, and the job is stored whole', async () => {
      const raw = await openStore(await newStore())
      const older = { ...forwardingRepository(raw), checkReadable: () => Promise.reject(new UpgradeUnderWayError()) }
      const asked = aLongJob('long', 60)
      await insert(sharingJobRepository(older), asked)
      expect(await raw.find('long')).toEqual(asked.job)
    })

    it('that was lost leaves a job that is shown without it and can be removed', async () => {
      const { raw, jobs } = await openNew()
      const asked = aLongJob('long', 60)
      await insert(jobs, asked)
      await end(jobs, asked.job)
      const [first] = await blocksOf(raw, 'long')
      const lossy = sharingJobRepository({
        ...forwardingRepository(raw),
        async findItems(ids) {
          return new Map([...(await raw.findItems(ids))].filter(([id]) => id !== first?.item))
        },
      })
      const shown = await lossy.find('long')
      const content = [{ type: 'text', item: first?.item, bytes: first?.bytes }]
      expect(shown?.messages?.[0]).toEqual({ role: 'user', content })
      expect(shown?.messages?.at(-1)).toEqual(asked.job.messages?.at(-1))
      expect(await lossy.deleteFinal('long')).toBe(true)
    })
  })
}
