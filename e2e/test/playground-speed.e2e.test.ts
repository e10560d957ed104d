import type { CDPSession, Page } from 'playwright-core'
import { describe, expect, it, type TestContext, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { PacedProvider } from './paced-provider.ts'
import { runPrompt, startPlayground } from './playground.ts'

const PANES = 4
/** 50 tokens a second. */
const DELAY_MS = 20
/** The measurement begins at the 20th word and ends at the 200th, so that it excludes the start of the page. */
const [FIRST, LAST] = [20, 200]

/** CPU time of the page's main thread for one token in each pane, in milliseconds. */
interface Work {
  /** Script, styles, layout and paint together. */
  readonly all: number
  readonly script: number
}

async function workPerToken(skip: TestContext['skip'], sections: number): Promise<Work> {
  const page = await openPage(skip)
  const provider = new PacedProvider({ sections, words: LAST + 10, delayMs: DELAY_MS })
  await page.goto(await startPlayground({ provider }))
  for (let pane = 1; pane < PANES; pane++) await page.getByRole('button', { name: '+ Add model' }).click()
  const browser = await page.context().newCDPSession(page)
  // CPU time of the thread, not elapsed time, so that other programs on the machine do not count.
  await browser.send('Performance.enable', { timeDomain: 'threadTicks' })
  await runPrompt(page, 'Write')
  const tokensBefore = await tokensBeyond(page, FIRST)
  const before = await workSoFar(browser)
  const tokensAfter = await tokensBeyond(page, LAST)
  const after = await workSoFar(browser)
  await page
    .locator('.pane.completed')
    .nth(PANES - 1)
    .waitFor()
  const tokens = tokensAfter - tokensBefore
  return { all: (after.all - before.all) / tokens, script: (after.script - before.script) / tokens }
}

/** Waits until every pane has at least `count` tokens, and returns the smallest number of tokens of a pane. */
async function tokensBeyond(page: Page, count: number): Promise<number> {
  return await vi.waitFor(
    async () => {
      const figures = await page.locator('.pane dl div:last-child dd').allTextContents()
      expect(figures.length).toBe(PANES)
      const least = Math.min(...figures.map(Number))
      expect(least).toBeGreaterThanOrEqual(count)
      return least
    },
    { timeout: 25_000, interval: 100 },
  )
}

async function workSoFar(browser: CDPSession): Promise<Work> {
  const { metrics } = await browser.send('Performance.getMetrics')
  const ms = (wanted: string) => (metrics.find(({ name }) => name === wanted)?.value ?? Number.NaN) * 1000
  return { all: ms('TaskDuration'), script: ms('ScriptDuration') }
}

describe('playground', () => {
  it('needs less than 20 ms a token for four panes at 50 tokens a second, also when their texts are long', async ({
    skip,
  }) => {
    const short = await workPerToken(skip, 0)
    const long = await workPerToken(skip, 100)
    expect(short.all).toBeGreaterThan(0)
    // The next token arrives after DELAY_MS. A page that needs longer falls behind and drops frames.
    expect(long.all).toBeLessThan(DELAY_MS)
    // The browser's own work grows a little with the number of elements. The work of our script must not grow.
    expect(long.all / short.all).toBeLessThan(2.5)
    expect(long.script / short.script).toBeLessThan(2)
  })
})
