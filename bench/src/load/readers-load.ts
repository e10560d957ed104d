import { performance } from 'node:perf_hooks'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { Script } from '../vendor/script.ts'
import { type Answer, send, textOf } from './http-client.ts'
import { createJob, openStream } from './job-requests.ts'
import { readJobStream } from './received-text.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const Attach = z.object({
  url: z.string(),
  readers: z.int(),
  /** The job that the server runs. Left out for the floor, which has only one stream. */
  script: Script.optional(),
  /** How many connect at once. Default: 50. */
  atOnce: z.int().optional(),
})

const AT_ONCE = 50

let bodies: Promise<string>[] = []

/** Opens many streams of one job, and returns when all are open. */
export const attachReaders: Task<z.infer<typeof Attach>, null> = {
  name: 'attach-readers',
  params: Attach,
  result: z.null(),
  run: async ({ url, readers, script, atOnce = AT_ONCE }) => {
    const id = script && (await createJob(url, script))
    const open = (): Promise<Answer> => (id === undefined ? send('GET', `${url}/`) : openStream(url, id))
    bodies = []
    while (bodies.length < readers) {
      const batch = Array.from({ length: Math.min(atOnce, readers - bodies.length) }, open)
      bodies.push(...(await Promise.all(batch)).map(textOf))
    }
    return null
  },
}

const ReadersOutcome = z.object({ wallMs: z.number(), checked: Checked, tokenEvents: z.int() })

/** Reads the streams to their end, and checks them. */
export const readToEnd: Task<{ seed: number; tokens: number }, z.infer<typeof ReadersOutcome>> = {
  name: 'read-to-end',
  params: z.object({ seed: z.int(), tokens: z.int() }),
  result: ReadersOutcome,
  run: async ({ seed, tokens }) => {
    const startedAt = performance.now()
    const received = await Promise.all(bodies)
    const wallMs = performance.now() - startedAt
    const texts = new TextCheck()
    let events = 0
    // Nearly all are the same, and to read one takes milliseconds.
    const read = new Map([...new Set(received)].map((body) => [body, readJobStream(body)]))
    for (const [reader, body] of received.entries()) {
      const { text, tokenEvents, end } = read.get(body) ?? readJobStream(body)
      events += tokenEvents
      texts.expect(`reader ${reader}`, text, sampleText(seed, tokens), end === 'metrics')
    }
    return { wallMs, checked: texts.result(), tokenEvents: events }
  },
}
