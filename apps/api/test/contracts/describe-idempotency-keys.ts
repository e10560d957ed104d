import { describe, expect, it } from 'vitest'
import { startJob } from '../../src/jobs/job.ts'
import { IDEMPOTENCY_WINDOW_MS } from '../../src/jobs/ports/stored-values.ts'
import { aJob, CREATED_AT, completed, type NewStore, openStore } from './stored-job.ts'

/** Of the creations with one key, one makes a job. */
export function describeIdempotencyKeys(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())

  describe('idempotency keys', () => {
    const key = (fingerprint: string) => ({ key: 'order 1', fingerprint })

    it('make a second insert return the first job', async () => {
      const store = await newStore()
      const jobs = await store.open()
      expect(await jobs.insert(aJob('a'), key('x'))).toBeUndefined()
      expect(await jobs.insert(aJob('b'), key('y'))).toEqual({ job: aJob('a'), fingerprint: 'x' })
      expect(await jobs.find('b')).toBeUndefined()
      await jobs.replace(startJob(aJob('a'), CREATED_AT), { status: 'pending' })
      await jobs.replace(completed(aJob('a'), 'text'), { status: 'running', run: 1 })
      await jobs.close()
      const again = await openStore(store)
      const first = { job: completed(aJob('a'), 'text'), fingerprint: 'x' }
      expect(await again.findByIdempotencyKey('order 1', CREATED_AT)).toEqual(first)
      expect(await again.insert(aJob('c'), key('x'))).toEqual(first)
      expect(await again.findByIdempotencyKey('order 2', CREATED_AT)).toBeUndefined()
    })

    it('let exactly one of many simultaneous inserts store its job', async () => {
      const jobs = await openNew()
      const inserts = Array.from({ length: 20 }, (_, index) => jobs.insert(aJob(`job-${index}`), key('x')))
      const firsts = await Promise.all(inserts)
      expect(firsts.filter((first) => first === undefined)).toHaveLength(1)
      const [job, ...others] = await jobs.list({ limit: 100 })
      expect(others).toEqual([])
      expect(firsts.filter((first) => first?.job.id === job?.id)).toHaveLength(19)
    })

    it('can be used again after 24 hours, and are removed with their job', async () => {
      const jobs = await openNew()
      await jobs.insert(aJob('a'), key('x'))
      const later = CREATED_AT + IDEMPOTENCY_WINDOW_MS
      expect(await jobs.findByIdempotencyKey('order 1', later - 1)).toBeDefined()
      expect(await jobs.findByIdempotencyKey('order 1', later)).toBeUndefined()
      expect(await jobs.insert(aJob('b', later), key('y'))).toBeUndefined()
      expect(await jobs.findByIdempotencyKey('order 1', later)).toMatchObject({ job: { id: 'b' } })

      await jobs.replace(startJob(aJob('b', later), later), { status: 'pending' })
      await jobs.replace(completed(aJob('b', later), ''), { status: 'running', run: 1 })
      await jobs.deleteFinal('b')
      expect(await jobs.findByIdempotencyKey('order 1', later)).toBeUndefined()
      expect(await jobs.insert(aJob('c', later), key('z'))).toBeUndefined()
    })
  })
}
