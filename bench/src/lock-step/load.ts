import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import { ANSWER_FORMS, FormName } from '../load/answer-forms.ts'
import type { Answer } from '../load/http-client.ts'
import { Checked, TextCheck } from '../load/wrong-texts.ts'
import type { Task } from '../processes/task.ts'
import { bundleMark, lockStepBundles, sendNext } from './answers.ts'

const LockStepLoad = z.object({
  url: z.string(),
  target: FormName,
  clients: z.int(),
  /** Each client runs its jobs one after the other. */
  jobsPerClient: z.int(),
  tokens: z.int(),
  /** How many tokens leave the vendor in one write. The next write waits until the client has them. */
  tokensAtOnce: z.int(),
})
export type LockStepLoad = z.infer<typeof LockStepLoad>

const LockStepOutcome = z.object({ wallMs: z.number(), checked: Checked })

let streams = 0

/**
 * Clients that ask for texts, where the vendor and the client of a stream take turns. So every read of the server has the same
 * tokens, however busy the machine is.
 */
export const loadLockStep: Task<LockStepLoad, z.infer<typeof LockStepOutcome>> = {
  name: 'load-lock-step',
  params: LockStepLoad,
  result: LockStepOutcome,
  run: async (load) => {
    const startedAt = performance.now()
    const bodies = (await Promise.all(Array.from({ length: load.clients }, () => readAll(load)))).flat()
    const wallMs = performance.now() - startedAt
    const texts = new TextCheck()
    for (const { stream, body } of bodies) {
      const { text, isComplete } = ANSWER_FORMS[load.target].read(body)
      const expected = lockStepBundles(stream, load.tokens, load.tokensAtOnce).flat().join('')
      texts.expect(`${load.target}, stream ${stream}`, text, expected, isComplete)
    }
    return { wallMs, checked: texts.result() }
  },
}

async function readAll({ url, target, jobsPerClient, tokens, tokensAtOnce }: LockStepLoad) {
  const bodies: { stream: number; body: string }[] = []
  for (let job = 0; job < jobsPerClient; job += 1) {
    streams += 1
    const stream = streams
    const script = { seed: stream, tokens, pauseMs: 0, lockStep: { stream, tokensAtOnce } }
    bodies.push({ stream, body: await readInTurns(await ANSWER_FORMS[target].open(url, script), stream) })
  }
  return bodies
}

/** Reads an answer, and lets the vendor go on whenever a whole bundle has arrived. */
function readInTurns({ body }: Answer, stream: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = ''
    let bundle = 0
    let searchFrom = 0
    body.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk
      const mark = bundleMark(bundle)
      if (!received.includes(mark, searchFrom)) return
      searchFrom = received.length - mark.length
      bundle += 1
      sendNext(stream)
    })
    body.once('end', () => resolve(received))
    body.once('error', reject)
  })
}
