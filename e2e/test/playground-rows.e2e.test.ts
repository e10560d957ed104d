import { startServer } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import type { CDPSession, Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { historyOf, jobOf, linksOf, openPlayground, startGated, untilRows, untilShown } from './history-page.ts'
import { PLAYGROUND_FOLDER } from './playground.ts'
import { manyJobs, type StoredJobFields, storeJobs } from './stored-jobs.ts'
import { TurnsProvider } from './turns-provider.ts'

const MINUTE = 60_000

const older = (page: Page) => historyOf(page).getByRole('button', { name: 'Older jobs' })

/** Jobs with ids of their own, newest last, a second apart. */
function jobsOf(prompt: string, ids: readonly string[], fields: Partial<StoredJobFields> = {}): StoredJobFields[] {
  return ids.map((id, index) => ({ id, prompt, ageMs: MINUTE - index * 1_000, ...fields }))
}

const scrollTop = async (page: Page) => Number(await page.evaluate('document.querySelector(".history-list").scrollTop'))

/** The question of the row at the top of the view, and how far below the top it begins, in CSS pixels. */
async function topRow(page: Page): Promise<{ text: string; offset: number }> {
  const found: unknown = await page.evaluate(`(() => {
    const top = document.querySelector('.history-list').getBoundingClientRect().top
    const row = [...document.querySelectorAll('.history-list li')].find((li) => li.getBoundingClientRect().bottom > top)
    return [row.querySelector('.excerpt').textContent, row.getBoundingClientRect().top - top]
  })()`)
  if (!Array.isArray(found)) throw new Error('There is no row.')
  return { text: String(found[0]), offset: Number(found[1]) }
}

async function scrollTo(page: Page, top: number): Promise<void> {
  await page.evaluate(`document.querySelector('.history-list').scrollTop = ${top}`)
}

/** CPU time of the page's main thread so far, in milliseconds. */
async function workSoFar(browser: CDPSession): Promise<number> {
  const { metrics } = await browser.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1_000
}

function medianOf(numbers: readonly number[]): number {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

describe('rows of the history', () => {
  it('are one for a comparison, which opens its jobs side by side in the order in which they were made', async ({
    skip,
  }) => {
    const { url } = await startGated({}, jobsOf('Which?', ['one', 'two', 'three'], { metadata: { comparison: 'c' } }))
    const { page } = await openPlayground(skip, url)
    expect(await untilRows(page, 1)).toEqual(['Which?'])
    await linksOf(page).click()
    await page.locator('.pane.completed').nth(2).waitFor()
    expect(page.url()).toMatch(/#one,two,three$/)
    expect(await linksOf(page).getAttribute('aria-current')).toBe('true')
  })

  it('are one for a grid, which leads to the grid', async ({ skip }) => {
    const grid = ['model-1', 'model-2'].flatMap((model) =>
      jobsOf(
        'Fill {{a}}',
        [0, 1, 2].map((row) => `${model}-${row}`),
        { model, metadata: { grid: 'g' } },
      ),
    )
    const { url } = await startGated({}, grid)
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 1)
    await historyOf(page).getByText('6 answers, 2 models').waitFor()
    expect(await linksOf(page).getAttribute('href')).toBe('#grid/g')
  })

  it('are one for a conversation, which shows its first question and opens its newest turn, also of one that goes on', async ({
    skip,
  }) => {
    const stored = await storeJobs([
      { id: 'first', prompt: 'The first question', ageMs: 3 * MINUTE },
      { id: 'second', prompt: 'The second question', ageMs: 2 * MINUTE, previousJobId: 'first' },
      { prompt: 'Something else', ageMs: MINUTE },
    ])
    const { url } = await startServer({
      env: { DATABASE_URL: stored },
      providers: [new TurnsProvider()],
      config: { playgroundFolder: PLAYGROUND_FOLDER },
    })
    const client = new PromptLabClient({ baseUrl: url })
    const { page } = await openPlayground(skip, url)
    expect(await untilRows(page, 2)).toEqual(['Something else', 'The first question'])
    const { id } = await client.create({ ...jobOf('The third question'), previousJobId: 'second' })
    await historyOf(page).getByText('3 turns').waitFor()
    expect(await untilRows(page, 2)).toEqual(['The first question', 'Something else'])
    expect(await linksOf(page).first().getAttribute('href')).toBe(`#${id}`)
  })

  it('stand under the days on which their newest jobs were made', async ({ skip }) => {
    const day = 24 * 60 * MINUTE
    const sinceMidnight = Date.now() - new Date().setHours(0, 0, 0, 0)
    const { url, client } = await startGated({}, [
      { prompt: 'Of yesterday', ageMs: sinceMidnight + day / 2 },
      { prompt: 'Older', ageMs: sinceMidnight + 39.5 * day },
    ])
    await client.create(jobOf('Of today'))
    const { page } = await openPlayground(skip, url)
    expect(await untilRows(page, 3)).toEqual(['Of today', 'Of yesterday', 'Older'])
    const days = await historyOf(page).getByRole('heading', { level: 3 }).allTextContents()
    expect(days.slice(0, 2)).toEqual(['Today', 'Yesterday'])
    expect(days[2]).toMatch(/\d/)
  })

  it('come page by page when the end of the list comes into view', async ({ skip }) => {
    const { url } = await startGated({}, manyJobs(130))
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 50)
    for (const count of [100, 130]) {
      await scrollTo(page, 1_000_000)
      await untilRows(page, count)
    }
    await older(page).waitFor({ state: 'detached' })
  })

  it('stay where they are when one is opened, with back and forward, and after a reload', async ({ skip }) => {
    const { url } = await startGated({}, manyJobs(400))
    const { page, count } = await openPlayground(skip, url)
    for (const loaded of [50, 100, 150, 200]) {
      await untilRows(page, loaded)
      await scrollTo(page, 1_000_000)
    }
    const rows = (await untilRows(page, 250)).length
    await scrollTo(page, 8_000)
    const before = await topRow(page)
    expect(await scrollTop(page)).toBe(8_000)
    await linksOf(page).filter({ hasText: 'Job 160 asks.' }).click()
    await page.locator('.pane.completed').waitFor()
    const top = await scrollTop(page)
    await page.goBack()
    await page.locator('.pane').waitFor({ state: 'detached' })
    await page.goForward()
    await page.locator('.pane.completed').waitFor()
    expect([await scrollTop(page), (await untilRows(page, rows)).length]).toEqual([top, rows])
    await scrollTo(page, 8_000)
    const listed = count('GET /jobs')
    await page.reload()
    await vi.waitFor(async () => expect(await topRow(page)).toMatchObject({ text: before.text }), { timeout: 10_000 })
    expect(Math.abs((await topRow(page)).offset - before.offset)).toBeLessThan(2)
    expect(count('GET /jobs') - listed).toBeLessThanOrEqual(4)
  })

  it('stay where they are while new jobs come on top', async ({ skip }) => {
    const { url, client } = await startGated({}, manyJobs(90))
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 50)
    await scrollTo(page, 1_000_000)
    await untilRows(page, 90)
    await scrollTo(page, 1_500)
    const before = await topRow(page)
    for (const prompt of ['New one', 'New two']) await client.create(jobOf(prompt))
    await untilShown(page, 'New two', 'running')
    expect(await topRow(page)).toEqual(before)
  })

  it('are fast when there are 10,000: a change costs a few frames, and a screen of scrolling less than one', {
    timeout: 120_000,
  }, async ({ skip }) => {
    const { url, client } = await startGated({}, manyJobs(10_000))
    const page = await openPage(skip)
    await page.goto(url)
    await untilRows(page, 50)
    const browser = await page.context().newCDPSession(page)
    // CPU time of the thread, not elapsed time, so that other programs on the machine do not count.
    await browser.send('Performance.enable', { timeDomain: 'threadTicks' })
    /** The work of a job that is made and cancelled, in milliseconds: the median, because a busy machine slows some of them down. */
    const workOfJob = async () => {
      const works: number[] = []
      for (let index = 0; index < 10; index++) {
        const before = await workSoFar(browser)
        const { id } = await client.create(jobOf('Changes'))
        await client.cancel(id)
        // Not by a locator: in each frame it looks at all elements of 10,000 rows, which is work of the page, too.
        const cancelled = () => page.evaluate<number>(`document.getElementsByClassName('dot cancelled').length`)
        await vi.waitUntil(async () => (await cancelled()) > index, 10_000)
        works.push((await workSoFar(browser)) - before)
      }
      for (const { id } of (await client.listPage({ status: 'cancelled' })).data) await client.delete(id)
      return medianOf(works)
    }
    const few = await workOfJob()
    await page.reload()
    await untilRows(page, 50)
    for (let loaded = 50; loaded < 10_000; loaded += 50) {
      await page.evaluate('document.querySelector(".history-end button").click()')
      await page.locator(`.history-list .excerpt >> nth=${loaded + 49}`).waitFor({ state: 'attached' })
    }
    const many = await workOfJob()
    const screens: number[] = []
    for (let step = 1; step <= 100; step++) {
      const before = await workSoFar(browser)
      await page.evaluate(`new Promise((resolve) => {
        document.querySelector('.history-list').scrollTop = ${100_000 + step * 500}
        requestAnimationFrame(() => requestAnimationFrame(resolve))
      })`)
      screens.push((await workSoFar(browser)) - before)
    }
    const scrolling = medianOf(screens)
    expect(few).toBeGreaterThan(0)
    // Three changes: 25 to 30 ms were measured, and 13 ms with 50 rows.
    expect(many).toBeLessThan(few + 80)
    expect(scrolling).toBeLessThan(16)
  })
})
