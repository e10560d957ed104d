import { performance } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { expectText } from './http-client.ts'
import { askVendor, createJob, openStream } from './job-requests.ts'
import { readJobStream, readOpenAIStream } from './received-text.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const RelayLoad = z.object({
  url: z.string(),
  /** `server`: POST /jobs and its stream. `proxy`: one request, as to the vendor. */
  target: z.enum(['server', 'proxy']),
  clients: z.int(),
  /** Each client runs its jobs one after the other. */
  jobsPerClient: z.int(),
  /** The clients begin evenly spread over this time. 0: all at once. */
  arrivalMs: z.number(),
  tokens: z.int(),
  pauseMs: z.number(),
  /** The vendor sends the tokens as reasoning. */
  isReasoning: z.boolean().optional(),
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

async function readOne({ url, target, tokens, pauseMs, isReasoning, view }: RelayLoad, seed: number): Promise<string> {
  const script = { seed, tokens, pauseMs, isReasoning }
  if (target === 'proxy') return await expectText(200, await askVendor(url, script))
  return await expectText(200, await openStream(url, await createJob(url, script), { view }))
}

/** Runs after the measurement. During it, clients only collect. */
function check(bodies: readonly string[], { target, tokens, isReasoning }: RelayLoad): Checked {
  const texts = new TextCheck()
  for (const [seed, body] of bodies.entries()) {
    if (target === 'proxy') {
      const { text, isComplete } = readOpenAIStream(body)
      texts.expect(`proxy, client ${seed}`, text, sampleText(seed, tokens), isComplete)
    } else {
      const { text, end } = readJobStream(body)
      const expected = sampleText(seed, tokens) + (isReasoning ? '.' : '')
      texts.expect(`server, client ${seed}`, text, expected, end === 'metrics')
    }
  }
  return texts.result()
}
