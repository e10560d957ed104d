import { Conversation, JobPage } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { createJob, finishedJob, getJob, jobOf, problemOf, readStream } from '../support/job-client.ts'
import { LogLines } from '../support/log-lines.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath, startServer } from '../support/test-server.ts'

const ECHO = { provider: 'echo', model: 'echo' }

describeServer('a JSON file', newStorePath)
describeServer('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeServer('PostgreSQL', newDatabase))

async function pageOf(url: string, query: Record<string, string>): Promise<JobPage> {
  return JobPage.parse(await (await fetch(`${url}/jobs?${new URLSearchParams(query)}`)).json())
}

async function idsOf(url: string, query: Record<string, string>): Promise<string[]> {
  return (await pageOf(url, query)).data.map(({ id }) => id)
}

const post = (url: string, path: string, body: unknown) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

/** What depends on the store, on each store. */
function describeServer(store: string, newStore: () => Promise<string>): void {
  describe(`history on ${store}`, () => {
    const start = async () => startServer({ env: { DATABASE_URL: await newStore() } })

    it('finds jobs by metadata, which a rerun has too, unless it says otherwise', async () => {
      const { url } = await start()
      const metadata = { comparison: 'a=b&c', row: '0' }
      const first = await finishedJob(url, { ...ECHO, prompt: 'Hi', metadata })
      expect(first.metadata).toEqual(metadata)
      const again = async (change: object) => jobOf(await post(url, `/jobs/${first.id}/rerun`, change))
      const same = await again({})
      const none = await again({ metadata: null })
      const other = await again({ metadata: { row: '1' } })
      expect([same.metadata, none.metadata, other.metadata]).toEqual([metadata, undefined, { row: '1' }])
      const fork = await jobOf(await post(url, `/jobs/${first.id}/fork`, { at: 1 }))
      expect(fork.metadata).toEqual(metadata)
      const entry = { 'metadata.comparison': 'a=b&c' }
      expect(await idsOf(url, entry)).toEqual([fork.id, same.id, first.id])
      const [newest, ...others] = (await pageOf(url, { ...entry, limit: '1' })).data
      expect([newest?.metadata, others]).toEqual([metadata, []])
      expect(await idsOf(url, { ...entry, 'metadata.row': '1' })).toEqual([])
      expect(await idsOf(url, { 'metadata.row': '1' })).toEqual([other.id])
    })

    it('finds jobs that SDKs made by their metadata', async () => {
      const { url } = await start()
      const messages = [{ role: 'user', content: 'Hi' }]
      const chat = await post(url, '/v1/chat/completions', { model: 'echo', messages, metadata: { run: '7' } })
      const response = await post(url, '/v1/responses', { model: 'echo', input: 'Hi', metadata: { run: '7' } })
      expect([await chat.json(), await response.json()]).toMatchObject([
        { metadata: { run: '7' } },
        { metadata: { run: '7' } },
      ])
      const ids = [chat, response].map(({ headers }) => headers.get('x-promptlab-job'))
      expect(await idsOf(url, { 'metadata.run': '7' })).toEqual(ids.toReversed())
      expect((await getJob(url, ids[0] ?? '')).metadata).toEqual({ run: '7' })
    })

    it('finds jobs by words of their prompts and answers at once, in pages', async () => {
      const { url } = await start()
      const prompt = 'Éric counts: ein zwei drei'
      const ids: string[] = []
      for (let count = 0; count < 3; count++) ids.unshift((await createJob(url, { ...ECHO, prompt })).id)
      await createJob(url, { ...ECHO, prompt: 'Nobody counts' })
      const first = await pageOf(url, { search: 'eric DREI', limit: '2' })
      expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 2))
      const second = await pageOf(url, { search: 'eric DREI', cursor: first.nextCursor ?? '' })
      expect([second.data.map(({ id }) => id), second.nextCursor]).toEqual([ids.slice(2), null])
      expect(await idsOf(url, { search: 'eric nobody' })).toEqual([])
      const { createdAt } = await getJob(url, ids[0] ?? '')
      const [createdFrom, createdBefore] = [createdAt.replace('Z', '+00:00'), '2999-01-01T00:00:00+02:00']
      expect(await idsOf(url, { search: 'eric', model: 'echo', createdFrom, createdBefore })).toContain(ids[0])
      expect(await idsOf(url, { search: 'eric', createdBefore: '2001-01-01T00:00:00Z' })).toEqual([])
    })

    it('gives a conversation whole, its newest turns, and what is left of it', async () => {
      const { url } = await start()
      const turn = (previousJobId?: string) =>
        finishedJob(url, { ...ECHO, prompt: 'Hi', ...(previousJobId && { previousJobId }) })
      const first = await turn()
      const second = await turn(first.id)
      const third = await turn(second.id)
      const conversation = async (query = '') =>
        Conversation.parse(await (await fetch(`${url}/jobs/${third.id}/conversation${query}`)).json())
      expect(await conversation()).toMatchObject({ data: [first, second, third], earlier: 'none' })
      expect(await conversation('?limit=2')).toMatchObject({ data: [second, third], earlier: 'more' })
      await fetch(`${url}/jobs/${first.id}`, { method: 'DELETE' })
      expect(await conversation()).toMatchObject({ data: [second, third], earlier: 'deleted' })
    })
  })
}

it.each([
  ['metadata.=x', 'metadata.'],
  ['metadata=x', 'metadata'],
  ['metadat.a=x', 'metadat.a'],
  ['metadata.a=x&metadata.a=y', 'metadata.a'],
  [Array.from({ length: 17 }, (_, index) => `metadata.n${index}=x`).join('&'), 'metadata'],
  ['search=', 'search'],
  ['search=%20%2C%20', 'search'],
  [`search=${'x'.repeat(201)}`, 'search'],
  ['createdFrom=2026-11-27', 'createdFrom'],
  ['createdBefore=now', 'createdBefore'],
  ['model=', 'model'],
])('GET /jobs refuses %s with a sentence', async (query, path) => {
  const { url } = await startServer()
  const problem = await problemOf(await fetch(`${url}/jobs?${query}`))
  expect(problem).toMatchObject({ status: 400, code: 'invalid-request' })
  expect(problem.errors?.map((fault) => fault.path)).toEqual([path])
})

it.each([{ a: 1 }, { '': 'x' }, { ['n'.repeat(65)]: 'x' }, { a: 'x'.repeat(513) }, ['a'], 'a'])(
  'POST /jobs refuses the metadata %j',
  async (metadata) => {
    const { url } = await startServer()
    const response = await post(url, '/jobs', { ...ECHO, prompt: 'Hi', metadata })
    expect(response.status).toBe(400)
  },
)

it('POST /jobs takes the same idempotency key with other metadata for another request', async () => {
  const { url } = await startServer()
  const create = (metadata: Record<string, string>) =>
    fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'order' },
      body: JSON.stringify({ ...ECHO, prompt: 'Hi', metadata }),
    })
  const first = await jobOf(await create({ run: '7' }))
  expect((await jobOf(await create({ run: '7' }))).id).toBe(first.id)
  expect(await problemOf(await create({ run: '8' }))).toMatchObject({ code: 'idempotency-key-reused' })
})

it('GET /jobs/:id/conversation knows no unknown job, and no limit but a number from 1 to 100', async () => {
  const { url } = await startServer()
  expect(await problemOf(await fetch(`${url}/jobs/unknown/conversation`))).toMatchObject({ code: 'job-not-found' })
  for (const limit of ['0', '101', 'x', '1&limit=2'])
    expect((await fetch(`${url}/jobs/unknown/conversation?limit=${limit}`)).status).toBe(400)
})

it('no word of a search is in the log', async () => {
  const lines = new LogLines()
  const { url } = await startServer({ logger: lines.logger })
  const { id } = await createJob(url, { ...ECHO, prompt: 'pangolin' })
  await readStream(url, id)
  expect(await idsOf(url, { search: 'pangolin', 'metadata.pangolin': 'pangolin' })).toEqual([])
  expect((await fetch(`${url}/jobs?search=pangolin&page=2`)).status).toBe(400)
  expect(lines.text).toContain(id)
  expect(lines.text).not.toContain('pangolin')
})
