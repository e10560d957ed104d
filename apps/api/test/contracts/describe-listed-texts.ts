import type { JobSummary } from '@promptlab/contract'
import { describe, expect, it, onTestFinished } from 'vitest'
import { finishJob, newJob, type StoredJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'

const CREATED_AT = Date.parse('2026-01-02T03:04:05.678Z')
const x = (count: number) => 'x'.repeat(count)

const EVERY_UTF8_LENGTH = '\u07ff\u0800\uffff\u{10000}\u{3ffff}\u{40000}\u{7ffff}\u{80000}\u{10ffff}'

/** Texts, and what lists show of them. */
const TEXTS: readonly (readonly [text: string, listed: string])[] = [
  ['Once upon a time', 'Once upon a time'],
  [x(200), x(200)],
  [x(100_000), x(200)],
  [`${x(198)}🙂🙂`, `${x(198)}🙂`],
  [`${x(199)}🙂 and more`, x(199)],
  [`${x(199)}\ud83d and more`, `${x(199)}\ud83d`],
  [`${x(200)}\ude42 and more`, x(200)],
  ['🙂'.repeat(50_000), '🙂'.repeat(100)],
  ['\0'.repeat(10_000), '\0'.repeat(200)],
  ['\u0010d83d'.repeat(10_000), '\u0010d83d'.repeat(40)],
  ['\ude42-\ud83d-'.repeat(10_000), '\ude42-\ud83d-'.repeat(50)],
  [`\ude42${'🙂'.repeat(10_000)}\ud83d`, `\ude42${'🙂'.repeat(99)}`],
  ['\\360\\36\\xf0\\'.repeat(5_000), '\\360\\36\\xf0\\'.repeat(20).slice(0, 200)],
  [EVERY_UTF8_LENGTH.repeat(5_000), EVERY_UTF8_LENGTH.repeat(14).slice(0, 200)],
]

/** Stores a job for each of the texts, which is its prompt and its system text. Lists show them in the same order. */
export async function insertLongTexts(jobs: JobRepository): Promise<void> {
  for (const [index, [text]] of TEXTS.entries()) {
    const options = { system: text, temperature: 0.5, maxTokens: index + 1 }
    const body = { prompt: text, provider: 'echo', model: 'echo', options }
    await jobs.insert(newJob(`job-${index}`, body, CREATED_AT - index))
  }
}

/** What lists show of `insertLongTexts`. */
export const LISTED_TEXTS: readonly ListedTexts[] = TEXTS.map(([text, listed], index) => ({
  prompt: listed,
  promptLength: text.length,
  options: { system: listed, systemLength: text.length, temperature: 0.5, maxTokens: index + 1 },
}))

type ListedTexts = Pick<JobSummary, 'prompt' | 'promptLength' | 'options'>

/** The texts of a list and their lengths. */
export async function listedTexts(jobs: JobRepository): Promise<ListedTexts[]> {
  const summaries = await jobs.list({ limit: 100 })
  return summaries.map(({ prompt, promptLength, options }) => ({ prompt, promptLength, options }))
}

/** Lists have the beginnings of the prompt and of the system text and their lengths, whatever the store. */
export function describeListedTexts(newStore: () => Promise<{ open(): Promise<JobRepository> }>): void {
  describe('lists of long texts', () => {
    it('have at most 200 code units of each text and its whole length, before and after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      await insertLongTexts(first)
      expect(await listedTexts(first)).toEqual(LISTED_TEXTS)
      await first.close()
      const second = await store.open()
      onTestFinished(() => second.close())
      expect(await listedTexts(second)).toEqual(LISTED_TEXTS)
    })

    it('have the texts of running and of finished jobs in the same form', async () => {
      const jobs = await (await newStore()).open()
      onTestFinished(() => jobs.close())
      const body = {
        prompt: `${x(199)}🙂${x(100_000)}`,
        provider: 'echo',
        model: 'echo',
        options: { system: 'Be brief.', maxTokens: 5 },
      }
      const waiting = newJob('a', body, CREATED_AT)
      const running = startJob(waiting, CREATED_AT)
      const finished = finishJob(running, { ...running, result: x(100_000) }, { status: 'completed' }, CREATED_AT + 5)
      const listed = ({ result: _, owner: __, run: ___, ...job }: Partial<StoredJob> & { result?: string }) => ({
        ...job,
        prompt: x(199),
        promptLength: 100_201,
        options: { system: 'Be brief.', systemLength: 9, maxTokens: 5 },
      })
      await jobs.insert(waiting)
      expect(await jobs.list({ limit: 1 })).toEqual([listed(waiting)])
      await jobs.replace(running, { status: 'pending' })
      expect(await jobs.list({ limit: 1 })).toEqual([listed(running)])
      await jobs.replace(finished, { status: 'running', run: 1 })
      expect(await jobs.list({ limit: 1 })).toEqual([listed(finished)])
      expect(await jobs.find('a')).toEqual(finished)
    })
  })
}
