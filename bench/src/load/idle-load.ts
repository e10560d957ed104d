import { z } from 'zod'
import type { Task } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { Script } from '../vendor/script.ts'
import { type Answer, send } from './http-client.ts'
import { createJob, openStream } from './job-requests.ts'
import { readJobStream } from './received-text.ts'
import { Checked, TextCheck } from './wrong-texts.ts'

const IdleLoad = z.object({
  url: z.string(),
  /** The number of open streams to reach. */
  streams: z.int(),
  /** The job that they read. Left out for the floor, which has only one stream. */
  script: Script.optional(),
  /** How many such jobs there are. They have the same number of streams each. Default: 1. */
  jobs: z.int().optional(),
  /** How many connect at once. Default: 50. */
  atOnce: z.int().optional(),
})

interface IdleStream {
  readonly answer: Answer
  body: string
}

const AT_ONCE = 50

const created = new Map<string, Promise<string[]>>()
const open = new Map<string, IdleStream[]>()

/** Opens streams until enough are open. The first call for a server creates the jobs that they read. */
export const openIdleStreams: Task<z.infer<typeof IdleLoad>, null> = {
  name: 'open-idle-streams',
  params: IdleLoad,
  result: z.null(),
  run: async ({ url, streams, script, jobs = 1, atOnce = AT_ONCE }) => {
    if (script && !created.has(url))
      created.set(url, Promise.all(Array.from({ length: jobs }, () => createJob(url, script))))
    const ids = (await created.get(url)) ?? []
    const list = open.get(url) ?? []
    open.set(url, list)
    const openOne = (index: number) => {
      const id = ids[index % ids.length]
      return id === undefined ? send('GET', `${url}/`) : openStream(url, id)
    }
    while (list.length < streams) {
      const count = Math.min(atOnce, streams - list.length)
      const answers = await Promise.all(Array.from({ length: count }, (_, index) => openOne(list.length + index)))
      list.push(...answers.map(collecting))
    }
    return null
  },
}

const Closing = z.object({ url: z.string(), seed: z.int(), tokens: z.int() })

/** Closes all streams, and checks the texts that they received. */
export const closeIdleStreams: Task<z.infer<typeof Closing>, Checked> = {
  name: 'close-idle-streams',
  params: Closing,
  result: Checked,
  run: ({ url, seed, tokens }) => {
    const texts = new TextCheck()
    for (const [index, { answer, body }] of (open.get(url) ?? []).entries()) {
      answer.body.destroy()
      texts.expect(`idle stream ${index}`, readJobStream(body).text, sampleText(seed, tokens), true)
    }
    open.delete(url)
    return texts.result()
  },
}

function collecting(answer: Answer): IdleStream {
  const stream = { answer, body: '' }
  answer.body.setEncoding('utf8').on('data', (text: string) => {
    stream.body += text
  })
  // The benchmark closes it early, which is no failure.
  answer.body.on('error', () => {})
  return stream
}
