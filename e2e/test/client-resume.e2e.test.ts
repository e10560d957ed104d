import { CuttableProxy, Random, rounds, startServer, timeoutOf } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import { openPage } from './chromium.ts'
import { addClient } from './client-script.ts'
import { randomPrompt } from './prompts.ts'

const ROUNDS = Number(process.env['CLIENT_ROUNDS'] ?? 10)
const PROMPTS_PER_ROUND = 5
const SEED = Number(process.env['CLIENT_SEED'] ?? Date.now() % 1_000_000)
const PATIENCE = { retryDelayMs: 1, maxRetries: 50, maxReconnects: 50 }

/** The URL of a server behind a proxy. The proxy breaks each connection after 1 to 5,000 bytes; an answer's headers take 1,000. */
interface CutServer {
  readonly url: string
  readonly cutUrl: string
  readonly connectionCount: () => number
}

async function startCutServer(random: Random): Promise<CutServer> {
  const { url } = await startServer({ env: { ECHO_DELAY_MS: '1', CORS_ORIGINS: '*' } })
  const proxy = await CuttableProxy.start(url)
  let connections = 0
  proxy.limit(() => {
    connections++
    return 1 + random.below(5_000)
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
  // The proxy did break connections.
  expect(connectionCount()).toBeGreaterThan(1.5 * promptCount)
}

/** Compares what was streamed with the server's jobs, without the proxy between, and removes the jobs. */
async function expectStreamedOnce(
  direct: PromptLabClient,
  prompts: readonly string[],
  streamed: readonly (readonly string[])[],
): Promise<void> {
  const jobs = await Array.fromAsync(direct.list({ limit: 100 }))
  expect(jobs.map(({ prompt }) => prompt).sort()).toEqual([...prompts].sort())
  expect(streamed.map((tokens) => tokens.join(''))).toEqual(prompts)
  const counts = new Map(jobs.map((job) => [job.prompt, 'metrics' in job ? job.metrics.tokenCount : undefined]))
  expect(streamed.map(({ length }) => length)).toEqual(prompts.map((prompt) => counts.get(prompt)))
  for (const { id } of jobs) await direct.delete(id)
}

describe(`a connection that breaks at random bytes (CLIENT_SEED=${SEED})`, { timeout: timeoutOf(300_000) }, () => {
  it('loses and repeats no token in Node.js, and makes one job of each run', async () => {
    const random = new Random(SEED)
    const server = await startCutServer(random)
    const client = new PromptLabClient({ baseUrl: server.cutUrl, ...PATIENCE })
    const run = (prompt: string) => Array.fromAsync(client.run({ prompt, provider: 'echo', model: 'echo' }))
    await runRounds(server, random, (prompts) => Promise.all(prompts.map(run)))
  })

  it('loses and repeats no token in Chromium, and makes one job of each run', async ({ skip }) => {
    const random = new Random(SEED)
    const page = await openPage(skip)
    const server = await startCutServer(random)
    // In the empty page: the content security policy of the API's own pages allows requests to the API alone, not to the proxy.
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
})
