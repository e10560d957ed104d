import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { DiskFloor } from './disk-floor.ts'
import { type Answer, textOf } from './http-client.ts'
import { askVendor, createJob, openStream } from './job-requests.ts'
import { readJobStream, readOpenAIStream } from './received-text.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const FirstTokens = z.object({ serverUrl: z.string(), vendorUrl: z.string(), rounds: z.int() })
const FirstTokensOutcome = z.object({
  /** From the request to the first token, one after the other. */
  serverMs: z.array(z.number()),
  vendorMs: z.array(z.number()),
  /** What the disk takes to store a line of a job's size. */
  diskMs: z.array(z.number()),
  checked: Checked,
})

const TOKENS = 8

/** One client, one request at a time, the vendor itself and the server in turns. */
export const loadFirstTokens: Task<z.infer<typeof FirstTokens>, z.infer<typeof FirstTokensOutcome>> = {
  name: 'load-first-tokens',
  params: FirstTokens,
  result: FirstTokensOutcome,
  run: async ({ serverUrl, vendorUrl, rounds }) => {
    const serverMs: number[] = []
    const vendorMs: number[] = []
    const diskMs: number[] = []
    await using disk = await DiskFloor.open()
    const texts = new TextCheck()
    for (let seed = 0; seed < rounds; seed += 1) {
      diskMs.push(await disk.storeMs())
      const script = { seed, tokens: TOKENS, pauseMs: 1 }
      const direct = await timed(() => askVendor(vendorUrl, script))
      vendorMs.push(direct.firstTokenMs)
      const answer = readOpenAIStream(direct.body)
      texts.expect(`vendor, ${seed}`, answer.text, sampleText(seed, TOKENS), answer.isComplete)

      const relayed = await timed(async () => openStream(serverUrl, await createJob(serverUrl, script)))
      serverMs.push(relayed.firstTokenMs)
      const job = readJobStream(relayed.body)
      texts.expect(`server, ${seed}`, job.text, sampleText(seed, TOKENS), job.end === 'metrics')
    }
    return { serverMs, vendorMs, diskMs, checked: texts.result() }
  },
}

async function timed(open: () => Promise<Answer>): Promise<{ firstTokenMs: number; body: string }> {
  const startedAt = performance.now()
  const answer = await open()
  let firstTokenMs: number | undefined
  // Every text begins with a number sign, and nothing before it has one.
  answer.body.on('data', (chunk: Buffer) => {
    if (firstTokenMs === undefined && chunk.includes('#')) firstTokenMs = performance.now() - startedAt
  })
  const body = await textOf(answer)
  if (firstTokenMs === undefined) throw new Error(`No token came: ${body}`)
  return { firstTokenMs, body }
}
