import { describe, expect, it } from 'vitest'
import { aJob, completed } from '../../../test/contracts/stored-job.ts'
import type { StoredJob } from '../job.ts'
import { readOneByOne } from '../ports/read-one-by-one.ts'
import { EarlierTurns } from './earlier-turns.ts'

/** A conversation of so many turns of ann's, and what was read of it. */
function conversation(length: number) {
  const jobs = new Map<string, StoredJob>()
  for (let turn = 1; turn <= length; turn++) {
    const previous = turn > 1 && { previousJobId: `turn-${turn - 1}` }
    jobs.set(`turn-${turn}`, { ...completed(aJob(`turn-${turn}`), 'text'), owner: 'ann', ...previous })
  }
  const store = readOneByOne({ find: async (id) => jobs.get(id), findItem: async () => undefined })
  const reads: string[] = []
  const turns = new EarlierTurns({
    findTurnIds: store.findTurnIds,
    findEach: (ids) => {
      reads.push(...ids)
      return store.findEach(ids)
    },
  })
  return { jobs, turns, reads }
}

describe('EarlierTurns', () => {
  it('reads each job of a conversation once, so that the next turn reads only the one that is new', async () => {
    const { jobs, turns, reads } = conversation(200)
    expect((await turns.before('turn-199', 'ann')).map(({ id }) => id).at(0)).toBe('turn-1')
    expect(reads).toHaveLength(199)
    reads.length = 0
    expect(await turns.before('turn-200', 'ann')).toHaveLength(200)
    expect(reads).toEqual(['turn-200'])
    expect(await turns.before('turn-200', 'ann')).toHaveLength(200)
    expect(reads).toEqual(['turn-200'])
    jobs.delete('turn-7')
    await expect(turns.before('turn-200', 'ann')).rejects.toMatchObject({ code: 'previous-job-gone' })
  })

  it('keeps nothing of a job that goes on', async () => {
    const { jobs, turns } = conversation(2)
    const [first, second] = [jobs.get('turn-1'), jobs.get('turn-2')]
    if (!first || !second) throw new Error('There are two turns')
    jobs.set('turn-2', { ...aJob('turn-2'), owner: 'ann', previousJobId: 'turn-1' })
    await expect(turns.before('turn-2', 'ann')).rejects.toMatchObject({ code: 'job-not-finished' })
    jobs.set('turn-2', second)
    expect(await turns.before('turn-2', 'ann')).toHaveLength(2)
  })

  it('shows no job to another caller, also when it was read before', async () => {
    const { turns } = conversation(2)
    await turns.before('turn-2', 'ann')
    await expect(turns.before('turn-2', 'bob')).rejects.toMatchObject({ code: 'previous-job-gone' })
    expect(await turns.before('turn-2', undefined)).toHaveLength(2)
  })
})
