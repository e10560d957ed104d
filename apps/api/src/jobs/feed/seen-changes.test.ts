import { describe, expect, it } from 'vitest'
import { cancelPending, newJob, putBack, startJob } from '../job.ts'
import { summaryOf } from '../job-summary.ts'
import { SeenChanges } from './seen-changes.ts'

const AT = Date.parse('2026-11-27T12:00:00.000Z')
const PENDING = newJob('a', { prompt: 'Hi', provider: 'echo', model: 'echo' }, AT)
const RUNNING = startJob(PENDING, AT + 10)
const WAITING = putBack(RUNNING, { reason: 'overload', until: '2026-11-27T12:00:05.000Z' }, {}, AT + 20)
const [pending, running, waiting] = [summaryOf(PENDING), summaryOf(RUNNING), summaryOf(WAITING)]
const again = summaryOf(startJob(WAITING, AT + 30))
const cancelled = summaryOf(cancelPending(WAITING, AT + 40))

function seenChanges() {
  const clock = { now: 0, elapsed: () => clock.now }
  return { clock, seen: new SeenChanges(clock) }
}

describe('SeenChanges', () => {
  it('takes each change once, as a message or from the store', () => {
    const { seen } = seenChanges()
    const all = [pending, running, waiting, again, cancelled]
    expect(all.map((job) => seen.isNew(job))).toEqual([true, true, true, true, true])
    for (const job of all) expect([seen.isNew(job), seen.isNew(job, seen.moment)]).toEqual([false, false])
  })

  it('takes a state from the store that differs from the one told last, although its time is earlier', () => {
    const { seen } = seenChanges()
    seen.isNew(waiting)
    expect(seen.isNew({ ...again, updatedAt: pending.updatedAt }, seen.moment)).toBe(true)
  })

  it('takes no state from the store if a message came while the store was asked, unless the job has ended', () => {
    const { seen } = seenChanges()
    const asOf = seen.moment
    seen.isNew(again)
    expect(seen.isNew(waiting, asOf)).toBe(false)
    expect(seen.isNew(cancelled, asOf)).toBe(true)
    expect(seen.isNew(again, asOf)).toBe(false)
  })

  it('takes no message of the creation behind one of the run, whatever their times are', () => {
    const { seen } = seenChanges()
    expect(seen.isNew(running)).toBe(true)
    expect(seen.isNew({ ...pending, updatedAt: '2026-11-27T13:00:00.000Z' })).toBe(false)
  })

  it('remembers a change as long as the store has it among the latest, and no longer', () => {
    const { seen, clock } = seenChanges()
    seen.isNew(running)
    for (const now of [20_000, 40_000, 60_000]) {
      clock.now = now
      expect(seen.isNew(running, seen.moment)).toBe(false)
      seen.forgetOld()
    }
    clock.now = 91_000
    seen.forgetOld()
    expect(seen.size).toBe(0)
  })
})
