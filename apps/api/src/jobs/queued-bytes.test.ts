import { describe, expect, it } from 'vitest'
import { QueueFullError } from './ports/job-queue.ts'
import { QueuedBytes } from './queued-bytes.ts'

/** A store in which so many bytes wait, by owner. */
function storeWith(waiting: Map<string | undefined, number>) {
  return { waiting, countPendingBytes: async () => waiting }
}

describe('QueuedBytes', () => {
  it('refuses input for which there is no room, in all and for one owner, with words', async () => {
    const { waiting, ...store } = storeWith(new Map([['ann', 30]]))
    const queued = new QueuedBytes(store, { total: 100, perOwner: 50 })
    await expect(queued.reserve('ann', 21)).rejects.toThrow('Your waiting jobs may hold 50 bytes of input')
    const [ofAnn, ofBob] = [await queued.reserve('ann', 20), await queued.reserve('bob', 50)]
    ofAnn.queued()
    ofBob.queued()
    waiting.set('ann', 50).set('bob', 50)
    await expect(queued.reserve('cat', 1)).rejects.toThrow('Waiting jobs may hold 100 bytes of input')
    await expect(queued.reserve(undefined, 1)).rejects.toThrow(QueueFullError)
  })

  it('gives back what was reserved and not stored', async () => {
    const queued = new QueuedBytes(storeWith(new Map()), { total: 100, perOwner: 100 })
    const slot = await queued.reserve('ann', 100)
    await expect(queued.reserve('ann', 1)).rejects.toThrow(QueueFullError)
    slot.release()
    await expect(queued.reserve('ann', 100)).resolves.toBeDefined()
  })

  it('counts again before it refuses, as jobs may have started since', async () => {
    const store = storeWith(new Map([['ann', 100]]))
    const queued = new QueuedBytes(store, { total: 100, perOwner: 100 })
    await expect(queued.reserve('ann', 1)).rejects.toThrow(QueueFullError)
    store.waiting.delete('ann')
    await expect(queued.reserve('ann', 100)).resolves.toBeDefined()
  })
})
