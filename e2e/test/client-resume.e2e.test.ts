import { CuttableProxy, Random, rounds, startServer, timeoutOf } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { describe, expect, it, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { addClient } from './client-script.ts'
import { randomPrompt } from './prompts.ts'
import { RandomPiecesProvider, randomPieces } from './random-pieces-provider.ts'

const ROUNDS = Number(process.env['CLIENT_ROUNDS'] ?? 10)
const PROMPTS_PER_ROUND = 5
const SEED = Number(process.env['CLIENT_SEED'] ?? Date.now() % 1_000_000)
const PATIENCE = { retryDelayMs: 1, maxRetries: 50, maxReconnects: 50 }

/** The most bytes of a connection that the proxy breaks. The headers of a response take 1,000 of them. */
const MOST_BYTES = 5_000
/**
 * A request that is repeated when its job has ended is answered with the whole answer. One that never fits into a connection would
 * be repeated until the test is over.
 */
const MOST_ANSWER_BYTES = 8_000
/** A feed repeats the changes of the last seconds each time it resumes, so it needs longer connections to get on. */
const MOST_FEED_BYTES = 20_000

/** A server behind a proxy that breaks each connection. */
interface CutServer {
  readonly url: string
  readonly cutUrl: string
  readonly connectionCount: () => number
}

async function startCutServer(
  random: Random,
  {
    mostBytes = MOST_BYTES,
    ...options
  }: Pick<Parameters<typeof startServer>[0] & object, 'providers'> & {
    mostBytes?: number
  } = {},
): Promise<CutServer> {
  const { url } = await startServer({ env: { ECHO_DELAY_MS: '1', CORS_ORIGINS: '*' }, ...options })
  const proxy = await CuttableProxy.start(url)
  let connections = 0
  proxy.limit(() => {
    connections++
    return 1 + random.below(mostBytes)
  })
  return { url, cutUrl: proxy.url, connectionCount: () => connections }
}

/**
 * Runs random prompts round by round, and checks each round.
 * @param run runs the prompts through the proxy, and gives the tokens that each streamed
 */
async function runRounds(
  { url, connectionCount }: CutServer,
  random: Random,
  run: (prompts: readonly string[]) => Promise<readonly (readonly string[])[]>,
): Promise<void> {
  const direct = new PromptLabClient({ baseUrl: url })
  let promptCount = 0
  for (const _ of rounds(ROUNDS)) {
    const prompts = Array.from({ length: PROMPTS_PER_ROUND }, () => randomPrompt(random))
    await expectStreamedOnce(direct, prompts, await run(prompts))
    promptCount += prompts.length
  }
  // Fewer connections would mean that the proxy broke none.
  expect(connectionCount()).toBeGreaterThan(1.5 * promptCount)
}

/** Compares the streamed tokens with the jobs that the server stored, over a connection without the proxy, and removes the jobs. */
async function expectStreamedOnce(
  direct: PromptLabClient,
  prompts: readonly string[],
  streamed: readonly (readonly string[])[],
): Promise<void> {
  const listed = await Array.fromAsync(direct.list({ limit: 100 }))
  const jobs = await Promise.all(listed.map(({ id }) => direct.get(id)))
  expect(jobs.map(({ prompt }) => prompt).sort()).toEqual([...prompts].sort())
  expect(streamed.map((tokens) => tokens.join(''))).toEqual(prompts)
  const counts = new Map(jobs.map((job) => [job.prompt, 'metrics' in job ? job.metrics.tokenCount : undefined]))
  expect(streamed.map(({ length }) => length)).toEqual(prompts.map((prompt) => counts.get(prompt)))
  for (const { id } of jobs) await direct.delete(id)
}

/** Creates random jobs round by round over a connection without the proxy, and waits until the feed has told how each ended. */
async function runFeedRounds(
  { url, connectionCount }: CutServer,
  random: Random,
  statusOf: (id: string) => Promise<string | undefined>,
): Promise<void> {
  const direct = new PromptLabClient({ baseUrl: url })
  let roundCount = 0
  for (const _ of rounds(ROUNDS)) {
    const prompts = Array.from({ length: PROMPTS_PER_ROUND }, () => randomPrompt(random))
    const jobs = await Promise.all(
      prompts.map((prompt) => direct.create({ prompt, provider: 'echo', model: 'echo' }, { waitSeconds: 60 })),
    )
    for (const { id } of jobs)
      await vi.waitFor(async () => expect(await statusOf(id)).toBe('completed'), { timeout: 20_000, interval: 20 })
    for (const { id } of jobs) await direct.delete(id)
    roundCount++
  }
  expect(connectionCount()).toBeGreaterThan(roundCount / 2)
}

describe(`PromptLabClient behind a proxy that breaks connections (CLIENT_SEED=${SEED})`, {
  timeout: timeoutOf(300_000),
}, () => {
  it('streams jobs in Node.js without losing or repeating a token, and creates each job once', async () => {
    const random = new Random(SEED)
    const server = await startCutServer(random)
    const client = new PromptLabClient({ baseUrl: server.cutUrl, ...PATIENCE })
    const run = (prompt: string) => Array.fromAsync(client.run({ prompt, provider: 'echo', model: 'echo' }))
    await runRounds(server, random, (prompts) => Promise.all(prompts.map(run)))
  })

  it('streams everything that models say in Node.js without losing or repeating a piece', async () => {
    const random = new Random(SEED)
    const provider = new RandomPiecesProvider()
    const { cutUrl, connectionCount } = await startCutServer(random, {
      providers: [provider],
      mostBytes: MOST_ANSWER_BYTES,
    })
    const client = new PromptLabClient({ baseUrl: cutUrl, ...PATIENCE })
    let runs = 0
    for (const _ of rounds(ROUNDS)) {
      const seeds = Array.from({ length: PROMPTS_PER_ROUND }, () => random.below(1_000_000))
      const run = (seed: number) =>
        client.run({ prompt: String(seed), provider: 'scripted', model: 'script-1' }).parts()
      expect(await Promise.all(seeds.map((seed) => Array.fromAsync(run(seed))))).toEqual(seeds.map(randomPieces))
      runs += seeds.length
    }
    expect(provider.calls).toBe(runs)
    expect(connectionCount()).toBeGreaterThan(1.5 * runs)
  })

  it('streams jobs in Chromium without losing or repeating a token, and creates each job once', async ({ skip }) => {
    const random = new Random(SEED)
    const page = await openPage(skip)
    const server = await startCutServer(random)
    // On the empty page: the content security policy of the API's pages does not allow requests to the proxy.
    await addClient(page)
    await runRounds(server, random, (prompts) =>
      page.evaluate(
        async ({ options, prompts }) => {
          const client = new promptlab.PromptLabClient(options)
          const run = async (prompt: string) => {
            const tokens: string[] = []
            for await (const token of client.run({ prompt, provider: 'echo', model: 'echo' })) tokens.push(token)
            return tokens
          }
          return await Promise.all(prompts.map(run))
        },
        { options: { baseUrl: server.cutUrl, ...PATIENCE }, prompts },
      ),
    )
  })
  it('tells in Node.js how every job has ended', async () => {
    const random = new Random(SEED)
    const server = await startCutServer(random, { mostBytes: MOST_FEED_BYTES })
    const client = new PromptLabClient({ baseUrl: server.cutUrl, ...PATIENCE })
    const statuses = new Map<string, string>()
    const leaving = new AbortController()
    const ready = Promise.withResolvers<void>()
    const reading = (async () => {
      const changes = client.events({ signal: leaving.signal, onReady: () => ready.resolve() })
      for await (const { job } of changes) statuses.set(job.id, job.status)
    })()
    await Promise.race([ready.promise, reading])
    await runFeedRounds(server, random, async (id) => statuses.get(id))
    leaving.abort('Enough')
    await expect(reading).rejects.toBe('Enough')
  })

  it('tells in Chromium how every job has ended', async ({ skip }) => {
    const random = new Random(SEED)
    const page = await openPage(skip)
    const server = await startCutServer(random, { mostBytes: MOST_FEED_BYTES })
    await addClient(page)
    const statuses = await page.evaluateHandle(
      async (options) => {
        const client = new promptlab.PromptLabClient(options)
        const statuses = new Map<string, string>()
        await new Promise<void>((ready, failed) => {
          const read = async () => {
            for await (const { job } of client.events({ onReady: () => ready() })) statuses.set(job.id, job.status)
          }
          read().catch(failed)
        })
        return statuses
      },
      { baseUrl: server.cutUrl, ...PATIENCE },
    )
    await runFeedRounds(server, random, (id) => statuses.evaluate((told, id) => told.get(id), id))
  })
})
