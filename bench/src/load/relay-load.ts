import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { Pieces } from '../vendor/script.ts'
import { ANSWER_FORMS, FormName } from './answer-forms.ts'
import { expectText } from './http-client.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const RelayLoad = z.object({
  url: z.string(),
  target: FormName,
  clients: z.int(),
  /** Each client runs its jobs one after the other. */
  jobsPerClient: z.int(),
  /** The clients begin evenly spread over this time. 0: all at once. */
  arrivalMs: z.number(),
  tokens: z.int(),
  pauseMs: z.number(),
  /** What the vendor sends the tokens as. Default: text. */
  pieces: Pieces.optional(),
  /** No two requests are the same, as is usual. Default: each round sends the requests of the one before again. */
  isUnique: z.boolean().optional(),
  /** No token is sent before `releaseHeld`. */
  isHeld: z.boolean().optional(),
  /** Which view of the job is read. Default: the text. */
  view: z.enum(['text', 'full']).optional(),
})
export type RelayLoad = z.infer<typeof RelayLoad>

const RelayOutcome = z.object({ wallMs: z.number(), checked: Checked })

/** Clients that ask for texts and read them to their end. Every text is another one. */
export const loadRelay: Task<RelayLoad, z.infer<typeof RelayOutcome>> = {
  name: 'load-relay',
  params: RelayLoad,
  result: RelayOutcome,
  run: async (load) => {
    const startedAt = performance.now()
    const clients = Array.from({ length: load.clients }, (_, client) => readAll(load, client))
    const bodies = (await Promise.all(clients)).flat()
    const wallMs = performance.now() - startedAt
    return { wallMs, checked: check(bodies, load) }
  },
}

async function readAll(load: RelayLoad, client: number): Promise<string[]> {
  const { clients, jobsPerClient, arrivalMs } = load
  if (arrivalMs > 0) await setTimeout((client * arrivalMs) / clients)
  const bodies: string[] = []
  for (let job = 0; job < jobsPerClient; job += 1) bodies.push(await readOne(load, client * jobsPerClient + job))
  return bodies
}

async function readOne(load: RelayLoad, seed: number): Promise<string> {
  const { url, target, tokens, pauseMs, pieces, isUnique, isHeld, view } = load
  const script = { seed, tokens, pauseMs, pieces, isHeld, ...(isUnique && { padding: randomUUID() }) }
  return await expectText(200, await ANSWER_FORMS[target].open(url, script, view))
}

/** All that a client receives of an answer with this text. */
const EXPECTED: Readonly<Record<Pieces, (text: string) => string>> = {
  text: (text) => text,
  reasoning: (text) => `${text}.`,
  tool: (text) => JSON.stringify({ text }),
}

/** Runs after the measurement. During it, clients only collect. */
function check(bodies: readonly string[], { target, tokens, pieces = 'text' }: RelayLoad): Checked {
  const texts = new TextCheck()
  for (const [seed, body] of bodies.entries()) {
    const { text, isComplete } = ANSWER_FORMS[target].read(body)
    const expected = EXPECTED[pieces](sampleText(seed, tokens))
    texts.expect(`${target}, client ${seed}`, text, expected, isComplete)
  }
  return texts.result()
}
