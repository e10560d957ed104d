import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { ANSWER_FORMS, FormName } from './answer-forms.ts'
import { DiskFloor } from './disk-floor.ts'
import { type Answer, textOf } from './http-client.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const FirstTokens = z.object({
  /** What is asked in turns. */
  askedOf: z.array(z.object({ url: z.string(), target: FormName })),
  rounds: z.int(),
})
const FirstTokensOutcome = z.object({
  /** From the request to the first token: for each that was asked, the time of each round. */
  timesMs: z.array(z.array(z.number())),
  /** The disk's time to store a line of a job's size. */
  diskMs: z.array(z.number()),
  checked: Checked,
})

const TOKENS = 8

const Together = z.object({
  /** What is asked in turns, by all clients at once. */
  askedOf: z.array(z.object({ url: z.string(), target: FormName })),
  rounds: z.int(),
  clients: z.int(),
  /** The clients begin evenly spread over this time. */
  arrivalMs: z.number(),
  tokens: z.int(),
  pauseMs: z.number(),
})

/** One client, one request at a time, in turns. */
export const loadFirstTokens: Task<z.infer<typeof FirstTokens>, z.infer<typeof FirstTokensOutcome>> = {
  name: 'load-first-tokens',
  params: FirstTokens,
  result: FirstTokensOutcome,
  run: async ({ askedOf, rounds }) => {
    const timesMs = askedOf.map((): number[] => [])
    const diskMs: number[] = []
    await using disk = await DiskFloor.open()
    const texts = new TextCheck()
    for (let seed = 0; seed < rounds; seed += 1) {
      diskMs.push(await disk.storeMs())
      const script = { seed, tokens: TOKENS, pauseMs: 1 }
      for (const [index, { url, target }] of askedOf.entries()) {
        const { open, read } = ANSWER_FORMS[target]
        const { firstTokenMs, body } = await timed(() => open(url, script))
        timesMs[index]?.push(firstTokenMs)
        const { text, isComplete } = read(body)
        texts.expect(`${target} ${index}, ${seed}`, text, sampleText(seed, TOKENS), isComplete)
      }
    }
    return { timesMs, diskMs, checked: texts.result() }
  },
}

/** Many clients, one request each, in each round. */
export const loadFirstTokensTogether: Task<
  z.infer<typeof Together>,
  Pick<z.infer<typeof FirstTokensOutcome>, 'timesMs' | 'checked'>
> = {
  name: 'load-first-tokens-together',
  params: Together,
  result: FirstTokensOutcome.pick({ timesMs: true, checked: true }),
  run: async ({ askedOf, rounds, clients, arrivalMs, tokens, pauseMs }) => {
    const timesMs = askedOf.map((): number[] => [])
    const texts = new TextCheck()
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, { url, target }] of askedOf.entries()) {
        const { open, read } = ANSWER_FORMS[target]
        const answers = Array.from({ length: clients }, async (_, seed) => {
          await setTimeout((seed * arrivalMs) / clients)
          return await timed(() => open(url, { seed, tokens, pauseMs }))
        })
        for (const [seed, { firstTokenMs, body }] of (await Promise.all(answers)).entries()) {
          timesMs[index]?.push(firstTokenMs)
          const { text, isComplete } = read(body)
          texts.expect(`${target} ${index}, client ${seed}`, text, sampleText(seed, tokens), isComplete)
        }
      }
    }
    return { timesMs, checked: texts.result() }
  },
}

async function timed(open: () => Promise<Answer>): Promise<{ firstTokenMs: number; body: string }> {
  const startedAt = performance.now()
  const answer = await open()
  let firstTokenMs: number | undefined
  // Every text begins with a number sign, and the bytes before the text have none.
  answer.body.on('data', (chunk: Buffer) => {
    if (firstTokenMs === undefined && chunk.includes('#')) firstTokenMs = performance.now() - startedAt
  })
  const body = await textOf(answer)
  if (firstTokenMs === undefined) throw new Error(`No token came: ${body}`)
  return { firstTokenMs, body }
}
