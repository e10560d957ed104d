import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import {
  historyOf,
  linksOf,
  openDrawer,
  openPlayground,
  searchOf,
  startGated,
  untilRows,
  untilShown,
} from './history-page.ts'
import { manyJobs } from './stored-jobs.ts'

const HOUR = 3_600_000

const STORED = [
  {
    prompt: 'Which tea is green?',
    result: 'Sencha is steamed.',
    ageMs: HOUR,
    model: 'script-1',
    metadata: { team: 'red' },
  },
  {
    prompt: 'Which tea is black?',
    result: 'Assam is oxidised.',
    ageMs: 2 * HOUR,
    model: 'script-2',
    metadata: { team: 'red', run: '7' },
  },
  { prompt: 'Which coffee is old?', result: 'Mocha.', ageMs: 80 * HOUR, model: 'script-1' },
] as const

const filter = (page: Page) => historyOf(page).getByRole('button', { name: /^Filters/ })
const modelField = (page: Page) => historyOf(page).getByRole('combobox', { name: 'Model' })

/** The day of a moment in the time zone of this machine, which is that of the page, as `YYYY-MM-DD`. */
function dayOf(at: number): string {
  const date = new Date(at)
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((each) => String(each).padStart(2, '0'))
    .join('-')
}

describe('search of the history', () => {
  it('finds words of questions and answers on the server, and shows all jobs again after Escape', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 3)
    await searchOf(page).fill('tea oxid')
    await historyOf(page).getByText('All 2 words must occur').waitFor()
    expect(await untilRows(page, 1)).toEqual(['Which tea is black?'])
    await searchOf(page).press('Escape')
    expect(await searchOf(page).inputValue()).toBe('')
    await untilRows(page, 3)
  })

  it('keeps the search while a result is opened, and after a reload', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page } = await openPlayground(skip, url)
    await searchOf(page).fill('mocha')
    await untilRows(page, 1)
    await linksOf(page).first().click()
    await page.locator('.pane.completed').waitFor()
    expect(await searchOf(page).inputValue()).toBe('mocha')
    await untilRows(page, 1)
    await page.reload()
    await untilRows(page, 1)
    expect(await searchOf(page).inputValue()).toBe('mocha')
  })

  it('asks once for what was typed, and leaves a search that is out of date', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 3)
    const searches: (string | null)[] = []
    const held = Promise.withResolvers<void>()
    await page.route('**/jobs?*search=*', async (route) => {
      const search = new URL(route.request().url()).searchParams.get('search')
      searches.push(search)
      if (search === 'black') await held.promise
      await route.continue().catch(() => {})
    })
    await searchOf(page).pressSequentially('black', { delay: 5 })
    await vi.waitUntil(() => searches.length === 1)
    const left = page.waitForEvent('requestfailed', (request) => request.url().includes('black'))
    await searchOf(page).fill('green')
    await left
    expect(await untilRows(page, 1)).toEqual(['Which tea is green?'])
    held.resolve()
    expect(searches).toEqual(['black', 'green'])
  })

  it('says what was not found, and offers to show all jobs', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page } = await openPlayground(skip, url)
    await searchOf(page).fill('zebra')
    await historyOf(page).getByText('Nothing found for “zebra”.').waitFor()
    await historyOf(page).getByRole('button', { name: 'Show all jobs' }).click()
    await untilRows(page, 3)
  })

  it('filters by model, day and metadata, shows each as a chip, and keeps them after a reload', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page } = await openPlayground(skip, url)
    await filter(page).click()
    await modelField(page).fill('script-1')
    await untilRows(page, 2)
    await historyOf(page)
      .getByLabel('From', { exact: true })
      .fill(dayOf(Date.now() - 24 * HOUR))
    await untilRows(page, 1)
    await historyOf(page).getByRole('button', { name: 'Remove the filter Model: script-1' }).click()
    await untilRows(page, 2)
    for (const [name, value] of [
      ['team', 'red'],
      ['run', '7'],
    ] as const) {
      await historyOf(page).getByLabel('Name', { exact: true }).fill(name)
      await historyOf(page).getByLabel('Value', { exact: true }).fill(value)
      await page.keyboard.press('Enter')
    }
    expect(await untilRows(page, 1)).toEqual(['Which tea is black?'])
    await page.reload()
    expect(await untilRows(page, 1)).toEqual(['Which tea is black?'])
    await historyOf(page).getByRole('button', { name: 'Remove the filter run = 7' }).click()
    await untilRows(page, 2)
    await historyOf(page).getByRole('button', { name: 'Clear all filters' }).click()
    await untilRows(page, 3)
    await filter(page).click()
    await historyOf(page)
      .getByLabel('To', { exact: true })
      .fill(dayOf(Date.now() - 48 * HOUR))
    expect(await untilRows(page, 1)).toEqual(['Which coffee is old?'])
  })

  it('proposes the models of the providers and of the jobs', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 3)
    await filter(page).click()
    await vi.waitFor(async () => {
      const models = await page.locator('.history datalist option').all()
      expect(await Promise.all(models.map((model) => model.getAttribute('value')))).toEqual(['script-1', 'script-2'])
    })
  })

  it('shows a job that begins to match while it is searched for, and each change of it', async ({ skip }) => {
    const { url, client, finish } = await startGated({}, STORED)
    const { page, count } = await openPlayground(skip, url)
    await searchOf(page).fill('which')
    await untilRows(page, 3)
    const before = count('GET /jobs')
    for (const prompt of ['Which milk?', 'Whose milk?'])
      await client.create({ prompt, provider: 'scripted', model: 'script-1' })
    await untilShown(page, 'Which milk?', 'running')
    finish()
    await untilShown(page, 'Which milk?', 'completed')
    await untilRows(page, 4)
    // Both jobs and both ends of each: one list for what comes within 2 s.
    expect(count('GET /jobs') - before).toBeLessThanOrEqual(3)
  })

  it('says it in words when the server does not take a filter, and offers to clear it', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const page = await openPage(skip)
    const refusal = { code: 'invalid-request', detail: 'Unknown parameter: search.' }
    await page.route('**/jobs?*search=*', (route) => route.fulfill({ status: 400, body: JSON.stringify(refusal) }))
    await page.goto(url)
    await untilRows(page, 3)
    await searchOf(page).fill('tea')
    await historyOf(page)
      .getByRole('alert')
      .filter({ hasText: 'The server does not take these filters. Unknown parameter: search.' })
      .waitFor()
    await historyOf(page).getByRole('alert').getByRole('button', { name: 'Clear all filters' }).click()
    await historyOf(page).getByRole('alert').waitFor({ state: 'detached' })
    await untilRows(page, 3)
  })

  it('has no violation that axe finds with all filters open and active', async ({ skip }) => {
    const { url } = await startGated({}, manyJobs(70))
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 50)
    await filter(page).click()
    await historyOf(page).getByLabel('Name', { exact: true }).fill('a-long-name-of-an-entry-in-the-metadata')
    await page.keyboard.press('Enter')
    await modelField(page).fill('script-1')
    await searchOf(page).fill('two words')
    await historyOf(page).getByText('Nothing found').waitFor()
    await openDrawer(page)
    await expectAccessible(page)
  })
})
