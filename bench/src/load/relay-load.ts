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
  /** The server: POST /jobs and its stream. The proxy: what one would send to the vendor. */
  target: z.enum(['server', 'proxy']),
  clients: z.int(),
  /** How often all clients do it, one time after the other. */
  waves: z.int(),
  tokens: z.int(),
  pauseMs: z.number(),
})
export type RelayLoad = z.infer<typeof RelayLoad>

const RelayOutcome = z.object({ wallMs: z.number(), checked: Checked })

/** Clients that come within a tenth of a second, ask for a text of their own each, and read it to its end. */
export const loadRelay: Task<RelayLoad, z.infer<typeof RelayOutcome>> = {
  name: 'load-relay',
  params: RelayLoad,
  result: RelayOutcome,
  run: async (load) => {
    const bodies: string[] = []
    const startedAt = performance.now()
    for (let wave = 0; wave < load.waves; wave += 1) bodies.push(...(await readWave(load, wave)))
    const wallMs = performance.now() - startedAt
    return { wallMs, checked: check(bodies, load) }
  },
}

async function readWave(load: RelayLoad, wave: number): Promise<string[]> {
  const clients = Array.from({ length: load.clients }, async (_, client) => {
    await setTimeout((client * 100) / load.clients)
    return await readOne(load, wave * load.clients + client)
  })
  return await Promise.all(clients)
}

async function readOne({ url, target, tokens, pauseMs }: RelayLoad, seed: number): Promise<string> {
  const script = { seed, tokens, pauseMs }
  if (target === 'proxy') return await expectText(200, await askVendor(url, script))
  return await expectText(200, await openStream(url, await createJob(url, script)))
}

/** After the measurement: the clients only collect. */
function check(bodies: readonly string[], { target, tokens }: RelayLoad): Checked {
  const texts = new TextCheck()
  for (const [seed, body] of bodies.entries()) {
    if (target === 'proxy') {
      const { text, isComplete } = readOpenAIStream(body)
      texts.expect(`proxy, client ${seed}`, text, sampleText(seed, tokens), isComplete)
    } else {
      const { text, end } = readJobStream(body)
      texts.expect(`server, client ${seed}`, text, sampleText(seed, tokens), end === 'metrics')
    }
  }
  return texts.result()
}
