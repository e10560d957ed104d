import { describe, expect, it } from 'vitest'
import type { Piece } from '../../src/jobs/answer/piece.ts'
import { startJob } from '../../src/jobs/job.ts'
import { GrowingJob } from './growing-job.ts'
import { aJob, CREATED_AT, completed, type NewStore, openStore } from './stored-job.ts'

const ODD = '\0, \ud83d \u0010d83d \u2028 "\\" 🙂 \ude42'

/** Pieces of every kind, among them empty ones, and texts that not every store can hold as they are. */
const PIECES: readonly Piece[] = [
  { type: 'reasoning', text: `I ${ODD}` },
  { type: 'reasoning', text: '', carry: { signature: ODD, list: [1, null, true] } },
  { type: 'reasoning', text: '\ud83d' },
  { type: 'reasoning', text: '\ude42' },
  '\ud83d',
  '\ude42',
  { type: 'text', text: ODD, carry: 'text' },
  'more',
  { type: 'tool-call', callId: ODD, name: ODD },
  { type: 'tool-arguments', text: `{"a":"${ODD}` },
  { type: 'tool-arguments', text: '"}' },
  { type: 'tool-call-end', carry: [ODD] },
  { type: 'reasoning', text: '', carry: 'empty and carried' },
  { type: 'tool-call', callId: '2', name: 'other' },
  { type: 'tool-call-end' },
  { type: 'refusal', text: ODD },
  'end',
]

const aRunningJob = () => new GrowingJob(startJob(aJob('a'), CREATED_AT + 5))

/** What a running job has said so far is stored by checkpoints. */
export function describeCheckpoints(newStore: NewStore): void {
  describe('checkpoints', () => {
    const openNew = async () => openStore(await newStore())

    it('are stored of a running job, and not of a job that has ended', async () => {
      const store = await newStore()
      const first = await store.open()
      const job = aRunningJob()
      await first.insert(aJob('a'))
      await first.replace(job.now, { status: 'pending' })
      const { checkpoint } = job.say('so far')
      const updatedAt = new Date(CREATED_AT + 9).toISOString()
      expect(await first.checkpoint([{ ...checkpoint, updatedAt }])).toEqual(new Set(['a']))
      expect(await first.find('a')).toEqual({ ...job.now, updatedAt })
      expect(await first.replace(completed(aJob('a'), 'so far and on'), { status: 'running', run: 1 })).toBe(true)
      expect(await first.checkpoint([checkpoint])).toEqual(new Set())
      await first.close()
      expect(await (await openStore(store)).find('a')).toEqual(completed(aJob('a'), 'so far and on'))
    })

    it('append a text, whatever it contains and wherever it is cut', async () => {
      const store = await newStore()
      const first = await store.open()
      const job = aRunningJob()
      await first.insert(job.now)
      for (const piece of ['One', ' \ud83d', '\ude42', '\0', '\ud83d', '\u0010', 'd83d', ' end']) {
        await first.checkpoint([job.say(piece).checkpoint])
        expect(await first.find('a')).toEqual(job.now)
        job.confirm()
      }
      await first.close()
      expect(await (await openStore(store)).find('a')).toEqual(job.now)
    })

    it('append parts of every kind, with what their vendor wants back and when each piece came', async () => {
      const store = await newStore()
      const first = await store.open()
      const job = aRunningJob()
      await first.insert(job.now)
      for (const piece of PIECES) {
        await first.checkpoint([job.say(piece).checkpoint])
        expect(await first.find('a')).toEqual(job.now)
        job.confirm()
      }
      await first.close()
      const second = await openStore(store)
      expect(await second.find('a')).toEqual(job.now)
      await second.replace(job.finish(CREATED_AT + 9), { status: 'running', run: 1 })
      expect(await second.find('a')).toEqual(job.finish(CREATED_AT + 9))
    })

    it('turn an answer of text into one of parts without losing its beginning', async () => {
      const jobs = await openNew()
      const job = aRunningJob()
      await jobs.insert(job.now)
      for (const piece of ['Let ', 'me ', 'see.', { type: 'tool-call', callId: '1', name: 'look' } as const, 'more']) {
        if (piece === 'more') job.say({ type: 'tool-call-end' })
        await jobs.checkpoint([job.say(piece).checkpoint])
        expect(await jobs.find('a')).toEqual(job.now)
        job.confirm()
      }
    })

    it('do no harm when one is stored again, alone or at the beginning of a longer one', async () => {
      const jobs = await openNew()
      const job = aRunningJob()
      await jobs.insert(job.now)
      for (const [index, piece] of PIECES.entries()) {
        const { checkpoint } = job.say(piece)
        await jobs.checkpoint([checkpoint])
        await jobs.checkpoint([checkpoint])
        expect(await jobs.find('a')).toEqual(job.now)
        // Every third one was stored, and its process does not know.
        if (index % 3 !== 0) job.confirm()
      }
    })

    it('are stored of many jobs at once, except of jobs that are not running', async () => {
      const jobs = await openNew()
      const running = Array.from({ length: 100 }, (_, index) => startJob(aJob(`job-${index}`), CREATED_AT))
      await Promise.all(running.map((job) => jobs.insert(job)))
      await jobs.insert(aJob('waiting'))
      await jobs.replace(completed(aJob('job-7'), 'done'), { status: 'running', run: 1 })
      const more = [...running, startJob(aJob('waiting'), 0), startJob(aJob('unknown'), 0)]
      const stored = await jobs.checkpoint(
        more.map((job, index) => {
          const text = `text of ${job.id}`
          return new GrowingJob(job).say(index % 2 ? text : { type: 'reasoning', text }).checkpoint
        }),
      )
      expect(stored).toEqual(new Set(running.map(({ id }) => id).filter((id) => id !== 'job-7')))
      expect(await jobs.find('job-99')).toMatchObject({ status: 'running', result: 'text of job-99' })
      expect(await jobs.find('job-98')).toMatchObject({ parts: [{ type: 'reasoning', text: 'text of job-98' }] })
      expect(await jobs.find('job-7')).toEqual(completed(aJob('job-7'), 'done'))
      expect(await jobs.find('waiting')).toEqual(aJob('waiting'))
      expect(await jobs.find('unknown')).toBeUndefined()
    })

    it('keep a tape of at most three bytes a piece beside an answer of text', async () => {
      const jobs = await openNew()
      const job = aRunningJob()
      await jobs.insert(job.now)
      for (let count = 0; count < 20; count += 1) {
        await jobs.checkpoint([job.say(...Array.from({ length: 100 }, () => 'word ')).checkpoint])
        job.confirm()
      }
      const stored = await jobs.find('a')
      expect(stored).toEqual(job.now)
      expect(Buffer.from(stored?.tape ?? '', 'base64').length).toBeLessThanOrEqual(3 * 2_000)
    })
  })
}
