import type { LLMProvider } from '@promptlab/providers'
import { expect, it, vi } from 'vitest'
import { createJob, StreamReader } from '../support/job-client.ts'
import { startServer } from '../support/test-server.ts'

const JOBS = 2_000
/** How long the test may take on a busy machine, in milliseconds. */
const TIMEOUT_MS = 240_000

/** Streams a text made from the prompt, and pauses halfway until the test goes on. */
class HalfwayProvider implements LLMProvider {
  readonly name = 'halfway'
  readonly models = ['halfway']
  readonly goOn = Promise.withResolvers<void>()

  async *complete(prompt: string) {
    const words = wordsOf(prompt)
    yield* words.slice(0, 10)
    await this.goOn.promise
    yield* words.slice(10)
    return undefined
  }
}

function wordsOf(prompt: string): string[] {
  return Array.from({ length: 20 }, (_, index) => ` ${prompt}/${index}🙂`)
}

/** Calls `use` for all items, 100 at a time, so that no listen backlog overflows. */
async function forEach<Item, Result>(items: readonly Item[], use: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = []
  for (let start = 0; start < items.length; start += 100) {
    results.push(...(await Promise.all(items.slice(start, start + 100).map(use))))
  }
  return results
}

it('runs two thousand jobs at once, and streams each its exact text to a reader', { timeout: TIMEOUT_MS }, async () => {
  const provider = new HalfwayProvider()
  const env = {
    MAX_CONCURRENT_JOBS: `${JOBS}`,
    MAX_CONCURRENT_JOBS_PER_PROVIDER: `${JOBS}`,
    // The first jobs pause until all others run, which takes longer than the default on a busy machine.
    TOKEN_IDLE_TIMEOUT_MS: `${TIMEOUT_MS}`,
  }
  const { app, tokenLog, url } = await startServer({ env, providers: [provider] })
  const prompts = Array.from({ length: JOBS }, (_, index) => `job-${index}`)
  const readers = await forEach(prompts, async (prompt) => {
    const { id } = await createJob(url, { prompt, provider: 'halfway', model: 'halfway' })
    const reader = await StreamReader.open(url, id)
    let text = ''
    while (text.length < wordsOf(prompt).slice(0, 10).join('').length) text += await reader.nextToken()
    return { reader, prompt, text }
  })
  expect(app.openStreams.count).toBe(JOBS)
  expect(tokenLog.readerCount).toBe(JOBS)

  provider.goOn.resolve()
  const endings = await forEach(readers, async ({ reader, prompt, text }) => {
    const frames = await reader.rest()
    const tokens = frames.flatMap(({ event, data = '' }) => (event === undefined ? [JSON.parse(data).token] : []))
    expect(text + tokens.join('')).toBe(wordsOf(prompt).join(''))
    return frames.at(-1)?.event
  })
  expect(new Set(endings)).toEqual(new Set(['metrics']))
  // The server learns a moment after its readers that their connections are done.
  await vi.waitUntil(() => app.openStreams.count === 0, TIMEOUT_MS)
  expect(tokenLog.readerCount).toBe(0)
})
