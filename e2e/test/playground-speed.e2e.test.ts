import type { CDPSession, Page } from 'playwright-core'
import { describe, expect, it, type TestContext, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { PacedProvider } from './paced-provider.ts'
import { runPrompt, startPlayground } from './playground.ts'

const PANES = 4
/** 50 tokens a second. */
const DELAY_MS = 20
/** Measured from the 20th word to the 200th: starting up is no part of it. */
const [FIRST, LAST] = [20, 200]

/** Milliseconds of the page's main thread, for one token in each of the panes. */
interface Work {
  /** All of it: script, styles, layout, paint. */
  readonly all: number
  readonly script: number
}

async function workPerToken(skip: TestContext['skip'], sections: number): Promise<Work> {
  const page = await openPage(skip)
  const provider = new PacedProvider({ sections, words: LAST + 10, delayMs: DELAY_MS })
  await page.goto(await startPlayground({ provider }))
  for (let pane = 1; pane < PANES; pane++) await page.getByRole('button', { name: '+ Add model' }).click()
  const browser = await page.context().newCDPSession(page)
  // The time that the thread had, not the time that went by: other programs of the machine do not count.
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

/** How many tokens each pane has, as soon as all have so many. */
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

describe('the speed of the playground', () => {
  it('shows 50 tokens a second in each of four panes, however long their texts are', async ({ skip }) => {
    const short = await workPerToken(skip, 0)
    const long = await workPerToken(skip, 100)
    expect(short.all).toBeGreaterThan(0)
    // There are so many milliseconds until the next token. Who needs more falls behind, and drops frames.
    expect(long.all).toBeLessThan(DELAY_MS)
    // The work of the browser grows a little with the parts that it has to look through, that of the page does not.
    expect(long.all / short.all).toBeLessThan(2.5)
    expect(long.script / short.script).toBeLessThan(2)
  })
})
