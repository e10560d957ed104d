import { CuttableProxy, Random, startServer } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import { openPage } from './chromium.ts'
import { addClient } from './client-script.ts'
import { randomPrompt } from './prompts.ts'

const ROUNDS = 200
const AT_ONCE = 5
const SEED = Number(process.env['CLIENT_SEED'] ?? Date.now() % 1_000_000)

/** A server behind a proxy that breaks each connection after 1 to 5,000 bytes. The headers of a response take 1,000 of them. */
async function startCutServer(random: Random) {
  const { url } = await startServer({ env: { ECHO_DELAY_MS: '1', CORS_ORIGINS: '*' } })
  const proxy = await CuttableProxy.start(url)
  let connections = 0
  proxy.limit(() => {
    connections++
    return 1 + random.below(5_000)
  })
  return { url, cutUrl: proxy.url, connectionCount: () => connections }
}

/** Compares the streamed tokens with the jobs that the server stored, over a connection without the proxy. */
async function expectStreamedOnce(url: string, prompts: readonly string[], streamed: readonly (readonly string[])[]) {
  const jobs = await Array.fromAsync(new PromptLabClient({ baseUrl: url }).list({ limit: 100 }))
  expect(jobs.map(({ prompt }) => prompt).sort()).toEqual([...prompts].sort())
  expect(streamed.map((tokens) => tokens.join(''))).toEqual(prompts)
  const counts = new Map(jobs.map((job) => [job.prompt, 'metrics' in job ? job.metrics.tokenCount : undefined]))
  expect(streamed.map(({ length }) => length)).toEqual(prompts.map((prompt) => counts.get(prompt)))
}

describe(`PromptLabClient behind a proxy that breaks connections (CLIENT_SEED=${SEED})`, { timeout: 300_000 }, () => {
  it(`streams ${ROUNDS} jobs in Node.js without losing or repeating a token, and creates each job once`, async () => {
    const random = new Random(SEED)
    const { url, cutUrl, connectionCount } = await startCutServer(random)
    const client = new PromptLabClient({ baseUrl: cutUrl, retryDelayMs: 1, maxRetries: 50, maxReconnects: 50 })
    const prompts = Array.from({ length: ROUNDS }, () => randomPrompt(random))
    const streamed: string[][] = []
    for (let round = 0; round < ROUNDS; round += AT_ONCE) {
      const runs = prompts
        .slice(round, round + AT_ONCE)
        .map((prompt) => Array.fromAsync(client.run({ prompt, provider: 'echo', model: 'echo' })))
      streamed.push(...(await Promise.all(runs)))
    }
    await expectStreamedOnce(url, prompts, streamed)
    // Fewer connections would mean that the proxy broke none.
    expect(connectionCount()).toBeGreaterThan(1.5 * ROUNDS)
  })

  it(`streams ${ROUNDS} jobs in Chromium without losing or repeating a token, and creates each job once`, async ({
    skip,
  }) => {
    const random = new Random(SEED)
    const page = await openPage(skip)
    const { url, cutUrl, connectionCount } = await startCutServer(random)
    // On the empty page: the content security policy of the API's pages does not allow requests to the proxy.
    await addClient(page)
    const prompts = Array.from({ length: ROUNDS }, () => randomPrompt(random))
    const streamed = await page.evaluate(
      async ({ cutUrl, prompts, atOnce }) => {
        const client = new promptlab.PromptLabClient({
          baseUrl: cutUrl,
          retryDelayMs: 1,
          maxRetries: 50,
          maxReconnects: 50,
        })
        const run = async (prompt: string) => {
          const tokens: string[] = []
          for await (const token of client.run({ prompt, provider: 'echo', model: 'echo' })) tokens.push(token)
          return tokens
        }
        const streamed: string[][] = []
        for (let round = 0; round < prompts.length; round += atOnce) {
          streamed.push(...(await Promise.all(prompts.slice(round, round + atOnce).map(run))))
        }
        return streamed
      },
      { cutUrl, prompts, atOnce: AT_ONCE },
    )
    await expectStreamedOnce(url, prompts, streamed)
    expect(connectionCount()).toBeGreaterThan(1.5 * ROUNDS)
  })
})
