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
  serverUrls: z.array(z.string()),
  floorUrl: z.string(),
  /** A job with this text that is in the store when the servers start. */
  storedId: z.string(),
  seed: z.int(),
  tokens: z.int(),
  rounds: z.int(),
})
/** From the request to the last character of the text. */
const Times = z.array(z.number())
const ResumeOutcome = z.object({
  floorMs: Times,
  /** In the order of the servers. */
  servers: z.array(z.object({ storedMs: Times, endedMs: Times, liveMs: Times })),
  checked: Checked,
})

/**
 * One client that resumes at random cursors: at the floor, and at each server in a stored job, in a job that has just ended and
 * in a running job.
 */
export const loadResume: Task<z.infer<typeof ResumeLoad>, z.infer<typeof ResumeOutcome>> = {
  name: 'load-resume',
  params: ResumeLoad,
  result: ResumeOutcome,
  run: async ({ serverUrls, floorUrl, storedId, seed, tokens, rounds }) => {
    const text = sampleText(seed, tokens)
    const script = { seed, tokens, pauseMs: 0 }
    const floorMs: number[] = []
    const servers = []
    for (const url of serverUrls) {
      const ended = await readyJob(url, script, text)
      const live = await readyJob(url, { ...script, isEndless: true }, text)
      const times: Record<'storedMs' | 'endedMs' | 'liveMs', number[]> = { storedMs: [], endedMs: [], liveMs: [] }
      servers.push({ url, ended, live, times })
    }
    const texts = new TextCheck()
    const resume = async (what: string, times: number[], after: number, open: () => Promise<Answer>) => {
      const startedAt = performance.now()
      const received = await readUntil(await open(), text.length)
      times.push(performance.now() - startedAt)
      texts.expect(`${what} after ${after}`, readJobStream(received).text, text.slice(after), true)
    }
    for (let round = 0; round < rounds; round += 1) {
      const after = 1 + Math.floor(Math.random() * (text.length - 1))
      const floor = `${floorUrl}/?after=${after}&seed=${seed}&tokens=${tokens}`
      await resume('floor', floorMs, after, () => send('GET', floor))
      for (const { url, ended, live, times } of servers) {
        await resume('stored job', times.storedMs, after, () => openStream(url, storedId, { after }))
        await resume('job just ended', times.endedMs, after, () => openStream(url, ended, { after }))
        await resume('running job', times.liveMs, after, () => openStream(url, live, { after }))
      }
    }
    return { floorMs, servers: servers.map(({ times }) => times), checked: texts.result() }
  },
}

/** Creates a job and waits until its whole text is there. */
async function readyJob(serverUrl: string, script: Script, text: string): Promise<string> {
  const id = await createJob(serverUrl, script)
  await readUntil(await openStream(serverUrl, id), text.length)
  return id
}

/** Reads up to the event whose id is this length, then closes the stream. @returns all that was received */
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
