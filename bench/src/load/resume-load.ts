import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import type { Script } from '../vendor/script.ts'
import { type Answer, send } from './http-client.ts'
import { createJob, openStream } from './job-requests.ts'
import { readJobStream } from './received-text.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const ResumeLoad = z.object({
  serverUrl: z.string(),
  floorUrl: z.string(),
  /** A job with this text that ran before the server was started. */
  storedId: z.string(),
  seed: z.int(),
  tokens: z.int(),
  rounds: z.int(),
})
const ResumeOutcome = z.object({
  /** From the request to the last character of the text. */
  floorMs: z.array(z.number()),
  storedMs: z.array(z.number()),
  endedMs: z.array(z.number()),
  liveMs: z.array(z.number()),
  checked: Checked,
})

type Target = 'floorMs' | 'storedMs' | 'endedMs' | 'liveMs'

/** One client that comes back at any point of the text: to a job of an earlier day, to one
 * that has just ended, to one that still runs, to the floor. */
export const loadResume: Task<z.infer<typeof ResumeLoad>, z.infer<typeof ResumeOutcome>> = {
  name: 'load-resume',
  params: ResumeLoad,
  result: ResumeOutcome,
  run: async ({ serverUrl, floorUrl, storedId, seed, tokens, rounds }) => {
    const text = sampleText(seed, tokens)
    const script = { seed, tokens, pauseMs: 0 }
    const ended = await readyJob(serverUrl, script, text)
    const live = await readyJob(serverUrl, { ...script, isEndless: true }, text)
    const times: Record<Target, number[]> = { floorMs: [], storedMs: [], endedMs: [], liveMs: [] }
    const texts = new TextCheck()
    const resume = async (what: Target, after: number, open: () => Promise<Answer>) => {
      const startedAt = performance.now()
      const received = await readUntil(await open(), text.length)
      times[what].push(performance.now() - startedAt)
      texts.expect(`${what} after ${after}`, readJobStream(received).text, text.slice(after), true)
    }
    for (let round = 0; round < rounds; round += 1) {
      const after = 1 + Math.floor(Math.random() * (text.length - 1))
      await resume('floorMs', after, () => send('GET', `${floorUrl}/?after=${after}&seed=${seed}&tokens=${tokens}`))
      await resume('storedMs', after, () => openStream(serverUrl, storedId, after))
      await resume('endedMs', after, () => openStream(serverUrl, ended, after))
      await resume('liveMs', after, () => openStream(serverUrl, live, after))
    }
    return { ...times, checked: texts.result() }
  },
}

/** A job whose text is there as a whole. */
async function readyJob(serverUrl: string, script: Script, text: string): Promise<string> {
  const id = await createJob(serverUrl, script)
  await readUntil(await openStream(serverUrl, id), text.length)
  return id
}

/** Reads until the event whose id is this length of the text, leaves, and gives out all that came. */
function readUntil({ body }: Answer, length: number): Promise<string> {
  const last = `id: ${length}\n`
  return new Promise((resolve, reject) => {
    let received = ''
    let isAtLast = false
    body.setEncoding('utf8').on('data', (chunk: string) => {
      const searchFrom = Math.max(0, received.length - last.length)
      received += chunk
      isAtLast ||= received.includes(last, searchFrom)
      if (!isAtLast || !received.endsWith('\n\n')) return
      body.destroy()
      resolve(received)
    })
    body.once('error', reject)
    body.once('end', () => reject(new Error(`The stream ended before its text was complete: ${received.slice(-200)}`)))
  })
}
