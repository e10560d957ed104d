import { describe, expect, it } from 'vitest'
import { startJob } from '../../src/jobs/job.ts'
import { aDoorJob } from './describe-door-jobs.ts'
import { aJob, CREATED_AT, completed, type NewStore, openStore } from './stored-job.ts'

/** The clients that wait at doors, and the processes that they are connected to. */
export function describeDoorClients(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())
  const lostAt = new Date(CREATED_AT + 1).toISOString()

  describe('the client of a job', () => {
    const connected = { process: 'one' }
    const lost = { process: 'one', lostAt, hadHead: true } as const

    it('is replaced if it stands as the caller knows it', async () => {
      const jobs = await openNew()
      await jobs.insert(aDoorJob('a', { client: connected, requestDigest: 'x' }))
      expect(await jobs.replaceClient('a', { client: lost }, undefined)).toBe(false)
      expect(await jobs.replaceClient('a', { client: lost }, lost)).toBe(false)
      expect(await jobs.replaceClient('a', { client: lost }, { process: 'two' })).toBe(false)
      expect(await jobs.find('a')).toMatchObject({ client: connected })
      expect(await jobs.replaceClient('a', { client: lost }, connected)).toBe(true)
      expect(await jobs.findByRequest('x', 9)).toEqual([{ id: 'a', status: 'pending', client: lost }])
      // The same client, written in another order.
      const same = { hadHead: true, lostAt, process: 'one' } as const
      expect(await jobs.replaceClient('a', { client: { process: 'two' } }, same)).toBe(true)
      expect(await jobs.find('a')).toEqual(aDoorJob('a', { client: { process: 'two' }, requestDigest: 'x' }))
      expect(await jobs.replaceClient('unknown', { client: lost }, undefined)).toBe(false)
    })

    it('comes and goes, with the time at which the job is removed, also when the job has ended', async () => {
      const store = await newStore()
      const first = await store.open()
      const job = aDoorJob('a', { deleteAfter: lostAt })
      await first.insert(job)
      expect(await first.replaceClient('a', { client: connected }, undefined)).toBe(true)
      await first.replace(startJob(job, CREATED_AT), { status: 'pending' })
      await first.replace(completed(job, 'text'), { status: 'running', run: 1 })
      expect(await first.find('a')).toEqual({ ...completed(job, 'text'), client: connected })
      const deleteAfter = new Date(CREATED_AT + 60_000).toISOString()
      expect(await first.replaceClient('a', { client: undefined, deleteAfter }, connected)).toBe(true)
      await first.close()
      const jobs = await openStore(store)
      expect(await jobs.find('a')).toEqual({ ...completed(job, 'text'), deleteAfter })
      expect(await jobs.deleteHidden(CREATED_AT + 59_999, 9)).toBe(0)
      expect(await jobs.deleteHidden(CREATED_AT + 60_000, 9)).toBe(1)
    })

    it.each([undefined, connected])('%o is replaced by exactly one of many at once', async (client) => {
      const jobs = await openNew()
      await jobs.insert(client ? aDoorJob('a', { client }) : aJob('a'))
      const taken = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          jobs.replaceClient('a', { client: { process: `process ${index}` } }, client),
        ),
      )
      expect(taken.filter(Boolean)).toHaveLength(1)
      expect(await jobs.find('a')).toMatchObject({ client: { process: `process ${taken.indexOf(true)}` } })
    })
  })

  it('names its process, which is connected until it closes the store', async () => {
    const store = await newStore()
    const first = await store.open()
    const { processId } = first
    expect(await first.isConnected(processId)).toBe(true)
    for (const other of ['', 'another', crypto.randomUUID()]) expect(await first.isConnected(other)).toBe(false)
    await first.close()
    const second = await openStore(store)
    expect(second.processId).not.toBe(processId)
    expect(await second.isConnected(second.processId)).toBe(true)
    expect(await second.isConnected(processId)).toBe(false)
  })
}
