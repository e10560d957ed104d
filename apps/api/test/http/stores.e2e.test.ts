import { describe, expect, it } from 'vitest'
import { createJob, getJob, jobOf, pageThrough, readStream } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath, startServer } from '../support/test-server.ts'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const EVENT_OF = { completed: 'metrics', cancelled: 'cancelled' } as const

describeServer('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeServer('PostgreSQL', newDatabase))

/** The promises of the server that depend on its store, on each store. */
function describeServer(store: string, newStore: () => Promise<string>): void {
  describe(`the server on ${store}`, () => {
    it('makes one job of simultaneous requests with one idempotency key', async () => {
      const provider = new ScriptedProvider(['done'])
      const { url } = await startServer({ env: { DATABASE_URL: await newStore() }, providers: [provider] })
      const post = () =>
        fetch(`${url}/jobs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': 'order-1' },
          body: JSON.stringify(SCRIPTED),
        })
      const responses = await Promise.all(Array.from({ length: 20 }, post))
      const jobs = await Promise.all(responses.map(jobOf))
      expect(new Set(jobs.map(({ id }) => id)).size).toBe(1)
      expect(responses.filter(({ status }) => status === 202)).toHaveLength(1)
      await readStream(url, jobs[0]?.id ?? '')
      expect(provider.calls).toBe(1)
    })

    it('gives every job once over pages that are read while jobs are added', async () => {
      const { url } = await startServer({ env: { DATABASE_URL: await newStore() } })
      const ids: string[] = []
      for (let count = 0; count < 7; count++) ids.unshift((await createJob(url, ECHO)).id)
      const seen = await pageThrough(url, 3, () => createJob(url, ECHO))
      expect(seen).toEqual(ids)
    })

    it('gives every client the same final state when a cancel races with the end of the job', async () => {
      const { url } = await startServer({ env: { DATABASE_URL: await newStore() } })
      const rounds = Array.from({ length: 40 }, async () => {
        const { id } = await createJob(url, ECHO)
        const stream = readStream(url, id)
        const cancelled = await jobOf(await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' }))
        const { final, text } = await stream
        const job = await getJob(url, id)
        expect(cancelled).toEqual(job)
        expect(job).toMatchObject({ result: text })
        expect(final?.event).toBe(job.status === 'completed' ? EVENT_OF.completed : EVENT_OF.cancelled)
      })
      await Promise.all(rounds)
    })

    it('streams the same text after a restart, also with NUL and other special characters', async () => {
      const env = { DATABASE_URL: await newStore() }
      const tokens = ['One', ' \0', '\ud83d', '\ude42', '\u0010', ' end']
      const first = await startServer({ env, providers: [new ScriptedProvider(tokens)] })
      const { id } = await createJob(first.url, { ...SCRIPTED, prompt: 'a\0b' })
      expect((await readStream(first.url, id)).text).toBe(tokens.join(''))
      await first.app.close()
      const second = await startServer({ env, providers: [new ScriptedProvider([])] })
      expect((await readStream(second.url, id, { after: 5 })).text).toBe(tokens.join('').slice(5))
      expect(await getJob(second.url, id)).toMatchObject({ prompt: 'a\0b', result: tokens.join('') })
    })
  })
}
