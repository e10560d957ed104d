import { Fixture, type Job } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { jobIdOf } from '../../src/doors/door-ids.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { finishedJob, getJob, jobOf } from '../support/job-client.ts'
import { finishedOf, postTo } from '../support/jobs-of-jobs.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath, startServer } from '../support/test-server.ts'

const ECHO = { provider: 'echo', model: 'echo' }
const TURNS = 80

interface TextMessage {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

/** Sends the whole conversation at each turn, as clients without a memory in the server do. */
async function converse(
  turns: number,
  ask: (messages: readonly TextMessage[]) => Promise<{ id: string; said: string }>,
) {
  const messages: TextMessage[] = []
  const sent = new Map<string, readonly TextMessage[]>()
  for (let turn = 1; turn <= turns; turn++) {
    messages.push({ role: 'user', content: `Question ${turn}: ${`word ${turn} `.repeat(45)}` })
    const { id, said } = await ask(messages)
    sent.set(id, [...messages])
    messages.push({ role: 'assistant', content: said })
  }
  return sent
}

function post(url: string, body: object): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
}

/** What the store keeps of these jobs: their records, and each block of their messages once. */
async function storedBytes(jobs: JobRepository, ids: readonly string[]): Promise<number> {
  const records = await jobs.findEach(ids)
  const blocks = new Map(records.flatMap(({ history = [] }) => history.map(({ item, bytes }) => [item, bytes])))
  const bytes = [...records.map((record) => JSON.stringify(record).length), ...blocks.values()]
  return bytes.reduce((sum, each) => sum + each, 0)
}

const answerOf = (job: Job) => ('result' in job ? job.result : '')

const textsOf = ({ messages = [] }: Pick<Job, 'messages'>) =>
  messages.map(({ role, content }) => ({ role, content: wordsOf(content) }))

function wordsOf(content: string | readonly object[]): string {
  if (typeof content === 'string') return content
  return content.map((part) => ('text' in part ? part.text : '')).join('')
}

describeServer('a JSON file', newStorePath)
describeServer('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeServer('PostgreSQL', newDatabase))

function describeServer(store: string, newStore: () => Promise<string>): void {
  describe(`a conversation that is sent whole at each turn, on ${store}`, { timeout: 120_000 }, () => {
    it('takes a place that grows with what is new, and each read shows what was sent', async () => {
      const { url, jobs } = await startServer({ env: { DATABASE_URL: await newStore() } })
      const sent = await converse(TURNS, async (messages) => {
        const job = await finishedJob(url, { ...ECHO, messages })
        return { id: job.id, said: answerOf(job) }
      })
      const ids = [...sent.keys()]
      const half = await storedBytes(jobs, ids.slice(0, TURNS / 2))
      expect((await storedBytes(jobs, ids)) / half).toBeLessThan(3)

      const last = ids.at(-1) ?? ''
      const messages = [...(sent.get(last) ?? [])]
      for (const [id, expected] of [...sent].slice(-4)) expect((await getJob(url, id)).messages).toEqual(expected)
      const result = answerOf(await getJob(url, last))
      const conversation = z.object({ data: z.array(z.object({ messages: z.unknown() })) })
      const read = await fetch(`${url}/jobs/${last}/conversation`)
      expect(conversation.parse(await read.json()).data).toMatchObject([{ messages }])
      const fixture = Fixture.parse(await (await fetch(`${url}/jobs/${last}/fixture`)).json())
      const asked = fixture.request.messages?.map(({ role, content }) => ({
        role,
        content: wordsOf(content),
      }))
      expect(asked).toEqual(messages)
      expect((await finishedOf(url, last, 'rerun')).messages).toEqual(messages)
      const fork = await finishedOf(url, last, 'fork', { at: 'end', prompt: 'And?' })
      const behind = [
        { role: 'assistant', content: result },
        { role: 'user', content: 'And?' },
      ]
      expect(textsOf(fork)).toEqual([...messages, ...behind])

      expect((await fetch(`${url}/jobs/${ids.at(-2)}`, { method: 'DELETE' })).status).toBe(204)
      await jobs.sweepItems(Date.now() + 86_400_000, 1_000)
      expect((await getJob(url, last)).messages).toEqual(messages)
      const next = await jobOf(await postTo(url, last, 'rerun', {}))
      expect(next.messages).toEqual(messages)
    })

    it('is the same at the doors of Chat and Responses', async () => {
      const { url, jobs } = await startServer({ env: { DATABASE_URL: await newStore() } })
      const Completion = z.object({
        id: z.string(),
        choices: z.array(z.object({ message: z.object({ content: z.string() }) })),
      })
      const sent = await converse(TURNS / 2, async (messages) => {
        const response = await post(`${url}/v1/chat/completions`, { model: 'echo/echo', messages })
        const { id, choices } = Completion.parse(await response.json())
        return { id: jobIdOf('chatcmpl-', id) ?? '', said: choices[0]?.message.content ?? '' }
      })
      const ids = [...sent.keys()]
      const last = ids.at(-1) ?? ''
      expect((await jobs.find(last))?.history?.length).toBeGreaterThan(1)
      expect(textsOf(await getJob(url, last))).toEqual(sent.get(last))

      const input = sent.get(last) ?? []
      const response = await post(`${url}/v1/responses`, { model: 'echo/echo', input, store: true })
      const { id } = z.object({ id: z.string() }).parse(await response.json())
      expect((await jobs.find(jobIdOf('resp_', id) ?? ''))?.history?.length).toBeGreaterThan(1)
      const Items = z.object({ data: z.array(z.object({ content: z.array(z.object({ text: z.string() })) })) })
      const items = await fetch(`${url}/v1/responses/${id}/input_items?order=asc&limit=100`)
      const texts = Items.parse(await items.json()).data.map(({ content }) => content.map(({ text }) => text).join(''))
      expect(texts).toEqual(input.map(({ content }) => content))
    })
  })
}
