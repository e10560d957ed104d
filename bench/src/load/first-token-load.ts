import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { DiskFloor } from './disk-floor.ts'
import { type Answer, textOf } from './http-client.ts'
import { askVendor, createJob, openStream } from './job-requests.ts'
import { readJobStream, readOpenAIStream } from './received-text.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const FirstTokens = z.object({ serverUrls: z.array(z.string()), vendorUrl: z.string(), rounds: z.int() })
const FirstTokensOutcome = z.object({
  /** From the request to the first token: for each server, the time of each round. */
  serversMs: z.array(z.array(z.number())),
  vendorMs: z.array(z.number()),
  /** The disk's time to store a line of a job's size. */
  diskMs: z.array(z.number()),
  checked: Checked,
})

const TOKENS = 8

/** One client, one request at a time, the vendor itself and the servers in turns. */
export const loadFirstTokens: Task<z.infer<typeof FirstTokens>, z.infer<typeof FirstTokensOutcome>> = {
  name: 'load-first-tokens',
  params: FirstTokens,
  result: FirstTokensOutcome,
  run: async ({ serverUrls, vendorUrl, rounds }) => {
    const serversMs = serverUrls.map((): number[] => [])
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

      for (const [index, url] of serverUrls.entries()) {
        const relayed = await timed(async () => openStream(url, await createJob(url, script)))
        serversMs[index]?.push(relayed.firstTokenMs)
        const job = readJobStream(relayed.body)
        texts.expect(`server ${index + 1}, ${seed}`, job.text, sampleText(seed, TOKENS), job.end === 'metrics')
      }
    }
    return { serversMs, vendorMs, diskMs, checked: texts.result() }
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
