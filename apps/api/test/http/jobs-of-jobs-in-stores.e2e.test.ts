import { describe, expect, it, vi } from 'vitest'
import { finishedJob, getJob, jobOf, problemOf } from '../support/job-client.ts'
import { CarryingVendors, finishedOf, postTo, Speaker } from '../support/jobs-of-jobs.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath, startServer, type TestServer } from '../support/test-server.ts'

const HOUR = 3_600_000
const IMAGE = Buffer.from('a picture').toString('base64')
const LONG = 'A long story. '.repeat(200)
const MESSAGES = [
  { role: 'system', content: 'Be brief.' },
  {
    role: 'user',
    content: [
      { type: 'text', text: LONG },
      { type: 'image', mediaType: 'image/png', data: IMAGE },
    ],
  },
]
const CLAUDE = { provider: 'anthropic', model: 'claude-opus-5-5' }
const GEMINI = { provider: 'gemini', model: 'gemini-pro' }
const OPENAI = { provider: 'openai', model: 'gpt-5' }

describeServer('a JSON file', newStorePath)
describeServer('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeServer('PostgreSQL', newDatabase))

/** The end of reasoning, as OpenAI sends it. */
const REASONED = `event: response.output_item.done\ndata: ${JSON.stringify({
  type: 'response.output_item.done',
  sequence_number: 2,
  output_index: 0,
  item: { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'ENCRYPTED' },
})}\n\n`

/** Deletes a job, and sweeps all items that no job refers to, right before the next job is stored. */
function deleteBeforeInsert({ jobs }: TestServer, id: string, sweeps: boolean): void {
  const insert = jobs.insert.bind(jobs)
  vi.spyOn(jobs, 'insert').mockImplementationOnce(async (...job) => {
    expect(await jobs.deleteFinal(id)).toBe(true)
    if (sweeps) await jobs.sweepItems(Date.now() + 2 * HOUR, 1_000)
    return await insert(...job)
  })
}

/** The promises that depend on the store, on each store. */
function describeServer(store: string, newStore: () => Promise<string>): void {
  describe(`jobs of jobs on ${store}`, () => {
    it('have the images and long texts of the first job, with what its vendor signed, and elsewhere without that', async () => {
      const vendors = await CarryingVendors.start()
      const env = { ...vendors.env, DATABASE_URL: await newStore() }
      const { url } = await startServer({ env })
      vendors.answer('anthropic', (exchange) => {
        exchange.sendCarried({ type: 'reasoning', text: 'Hm.', carry: 'SIGNATURE' })
        exchange.sendToken('Well, then.')
      })
      const options = { maxTokens: 100, vendor: { cache_control: { type: 'ephemeral' } } }
      const first = await finishedJob(url, { ...CLAUDE, messages: MESSAGES, options })

      const again = vendors.nextBody('anthropic')
      const rerun = await finishedOf(url, first.id, 'rerun')
      expect(rerun).toMatchObject({ rerunOf: first.id, messages: first.messages, options, ...CLAUDE })
      for (const part of [LONG, IMAGE, 'ephemeral']) expect(await again).toContain(part)

      const elsewhere = vendors.nextBody('gemini')
      const other = await finishedOf(url, first.id, 'rerun', { ...GEMINI, options: { maxTokens: null } })
      expect(other).toMatchObject({ rerunOf: first.id, ...GEMINI })
      expect(other.options).toBeUndefined()
      for (const part of [LONG, IMAGE, 'Be brief.']) expect(await elsewhere).toContain(part)
      expect(await elsewhere).not.toContain('ephemeral')

      const going = vendors.nextBody('anthropic')
      const fork = await finishedOf(url, first.id, 'fork', { at: 'f7' })
      expect(fork).toMatchObject({ forkOf: { jobId: first.id, at: 7 }, result: 'Done.' })
      expect(JSON.stringify(fork)).not.toContain('SIGNATURE')
      expect(JSON.parse(await going).messages.at(-1)).toEqual({
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'Hm.', signature: 'SIGNATURE' },
          { type: 'text', text: 'Well' },
        ],
      })
      const asked = vendors.nextBody('gemini')
      await finishedOf(url, first.id, 'fork', { at: 'end', prompt: 'And?', ...GEMINI })
      for (const part of [LONG, IMAGE, 'Well, then.', 'And?']) expect(await asked).toContain(part)
      expect(await asked).not.toContain('SIGNATURE')
    })

    it('need the first job no more, also after a restart', async () => {
      const vendors = await CarryingVendors.start()
      const env = { ...vendors.env, DATABASE_URL: await newStore() }
      const server = await startServer({ env })
      vendors.answer('gemini', (exchange) => {
        exchange.sendCarried({ type: 'reasoning', text: 'Hm.', carry: 'SIGNATURE' })
        exchange.sendToken(LONG)
      })
      const first = await finishedJob(server.url, { ...GEMINI, messages: MESSAGES })
      vendors.answer('gemini', (exchange) => exchange.sendToken('Fine.'))
      const fork = await finishedOf(server.url, first.id, 'fork', { at: 'end', prompt: 'And?' })
      await server.jobs.deleteFinal(first.id)
      await server.jobs.sweepItems(Date.now() + 2 * HOUR, 1_000)
      await server.app.close()

      const { url } = await startServer({ env })
      expect(await getJob(url, fork.id)).toEqual(fork)
      const body = vendors.nextBody('gemini')
      const next = await finishedOf(url, fork.id, 'fork', { at: '0', prompt: 'Then?' })
      expect(next).toMatchObject({ forkOf: { jobId: fork.id, at: 0 }, prompt: 'Then?' })
      for (const part of [LONG, IMAGE, 'SIGNATURE', 'And?', 'Then?']) expect(await body).toContain(part)
      expect(await body).not.toContain('Fine.')
    })

    it('give OpenAI its encrypted reasoning back, whole or not at all', async () => {
      const vendors = await CarryingVendors.start()
      const { url } = await startServer({ env: { ...vendors.env, DATABASE_URL: await newStore() } })
      vendors.answer('openai', (exchange) => {
        exchange.sendReasoning('Hm.')
        exchange.sendRaw(REASONED)
        exchange.sendToken('Well, then.')
      })
      const first = await finishedJob(url, { ...OPENAI, prompt: 'Hello' })
      const bodies: string[] = []
      for (const at of [2, 3, 4, 'end']) {
        const body = vendors.nextBody('openai')
        await finishedOf(url, first.id, 'fork', { at, prompt: 'And?' })
        bodies.push(await body)
      }
      // Reasoning at the end of an answer is not sent: OpenAI refuses it.
      expect(bodies.map((body) => body.includes('ENCRYPTED'))).toEqual([false, false, true, true])
      expect(bodies.map((body) => body.includes('Well, then.'))).toEqual([false, false, false, true])
    })

    it('are refused with words when the first job and its content go meanwhile, and nothing is stored', async () => {
      const speaker = new Speaker('one')
      const server = await startServer({ env: { DATABASE_URL: await newStore() }, providers: [speaker] })
      const { url } = server
      for (const [route, body] of [
        ['rerun', {}],
        ['fork', { at: 'end', prompt: LONG.toUpperCase() }],
      ] as const) {
        const first = await finishedJob(url, { messages: MESSAGES, provider: 'one', model: 'm' })
        deleteBeforeInsert(server, first.id, true)
        const response = await postTo(url, first.id, route, body)
        expect([response.status, (await problemOf(response)).code]).toEqual([404, 'job-not-found'])
        expect(await (await fetch(`${url}/jobs`)).json()).toMatchObject({ data: [] })
      }
      expect(speaker.asked).toHaveLength(2)
    })

    it('run with all content when the first job is deleted meanwhile', async () => {
      const speaker = new Speaker('one')
      const server = await startServer({ env: { DATABASE_URL: await newStore() }, providers: [speaker] })
      const first = await finishedJob(server.url, { messages: MESSAGES, provider: 'one', model: 'm' })
      deleteBeforeInsert(server, first.id, false)
      expect(await finishedOf(server.url, first.id, 'rerun')).toMatchObject({ status: 'completed' })
      expect(speaker.asked[1]).toEqual(speaker.asked[0])
    })

    it('are made or refused, and never broken, while clients delete and sweep', async () => {
      const speaker = new Speaker('one')
      const { url, jobs } = await startServer({ env: { DATABASE_URL: await newStore() }, providers: [speaker] })
      const rounds = Array.from({ length: 20 }, async (_, round) => {
        const messages = [{ role: 'user', content: `${round} ${LONG}` }]
        const first = await finishedJob(url, { messages, provider: 'one', model: 'm' })
        const [made] = await Promise.all([
          postTo(url, first.id, 'fork', { at: 'end', prompt: 'And?' }, { prefer: 'wait=30' }),
          fetch(`${url}/jobs/${first.id}`, { method: 'DELETE' }),
          jobs.sweepItems(Date.now() - HOUR, 1_000),
        ])
        if (made.status === 404) return 'refused'
        return (await jobOf(made)).status
      })
      const outcomes = new Set(await Promise.all(rounds))
      expect([...outcomes].filter((outcome) => outcome !== 'refused' && outcome !== 'completed')).toEqual([])
    })
  })
}
