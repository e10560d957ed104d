import { CuttableProxy } from '@promptlab/api/testing'
import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import { historyOf, jobOf, linksOf, openDrawer, openPlayground, startGated, untilShown } from './history-page.ts'
import { runPrompt } from './playground.ts'
import { manyJobs } from './stored-jobs.ts'

const [ANN, BOB] = ['key-of-ann-0123456789', 'key-of-bob-0123456789']

/** Makes the page believe that its tab is hidden, or visible again. Headless pages are always visible. */
async function setVisibility(page: Page, state: 'hidden' | 'visible'): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))`)
}

describe('history of the playground', () => {
  it('shows jobs that are made elsewhere on top, and how each goes on, with one list and one feed', async ({
    skip,
  }) => {
    const { url, client, finish } = await startGated()
    await client.create(jobOf('The first'))
    const { page, count } = await openPlayground(skip, url)
    await untilShown(page, 'The first', 'running')
    const second = await client.create(jobOf('The second'))
    await untilShown(page, 'The second', 'running')
    expect(await historyOf(page).locator('.excerpt').allTextContents()).toEqual(['The second', 'The first'])
    await client.cancel(second.id)
    await untilShown(page, 'The second', 'cancelled')
    finish()
    await untilShown(page, 'The first', 'completed')
    await historyOf(page).getByRole('button', { name: 'Delete “The first”' }).waitFor()
    expect([count('GET /events'), count('GET /jobs')]).toEqual([1, 1])
  })

  it('shows in two tabs what happens in one, and forgets a job that the other one has deleted', async ({ skip }) => {
    const { url, finish } = await startGated()
    const { page: one } = await openPlayground(skip, url)
    const { page: two } = await openPlayground(skip, url)
    await runPrompt(one, 'First')
    await untilShown(two, 'First', 'running')
    await runPrompt(two, 'Second')
    await untilShown(one, 'Second', 'running')
    finish()
    for (const page of [one, two]) {
      await untilShown(page, 'First', 'completed')
      await untilShown(page, 'Second', 'completed')
      await historyOf(page).getByRole('button', { name: 'Delete “First”' }).click()
      await linksOf(page).filter({ hasText: 'First' }).waitFor({ state: 'detached' })
      expect(await historyOf(page).getByRole('alert').count()).toBe(0)
    }
  })

  it('says that it is not live when the connection is lost, and catches up when it is back', async ({ skip }) => {
    const { url, client, finish } = await startGated()
    const proxy = await CuttableProxy.start(url)
    await client.create(jobOf('Before'))
    const { page } = await openPlayground(skip, proxy.url)
    await untilShown(page, 'Before', 'running')
    proxy.cut()
    await historyOf(page).getByText('Not live at the moment.').waitFor()
    finish()
    await client.create(jobOf('Meanwhile'), { waitSeconds: 30 })
    proxy.restore()
    await untilShown(page, 'Before', 'completed')
    await untilShown(page, 'Meanwhile', 'completed')
    await historyOf(page).getByText('Not live at the moment.').waitFor({ state: 'detached' })
  })

  it('shows only jobs in the chosen status, as they come to it and leave it', async ({ skip }) => {
    const { url, client, finish } = await startGated()
    const { page, count } = await openPlayground(skip, url)
    await historyOf(page).getByLabel('Show jobs that are').selectOption('running')
    await historyOf(page).getByText('No running jobs.').waitFor()
    await client.create(jobOf('Work'))
    await untilShown(page, 'Work', 'running')
    finish()
    await historyOf(page).getByText('No running jobs.').waitFor()
    expect(count('GET /events')).toBe(1)
  })

  it('opens a feed with the key that is entered, and shows the jobs of its caller alone', async ({ skip }) => {
    const { url, clientOf } = await startGated({ API_KEYS: `ann:${ANN},bob:${BOB}` })
    const page = await openPage(skip)
    const enter = async (key: string) => {
      await page.getByLabel('This server requires an API key').fill(key)
      await page.getByRole('button', { name: 'Use key' }).click()
    }
    await page.goto(url)
    await enter('a-key-of-nobody-0123')
    await page.getByLabel('This server requires an API key').waitFor()
    await enter(ANN)
    await historyOf(page).getByText('No jobs yet.').waitFor()
    await clientOf(BOB).create(jobOf('Of Bob'))
    await clientOf(ANN).create(jobOf('Of Ann'))
    await untilShown(page, 'Of Ann', 'running')
    expect(await linksOf(page).count()).toBe(1)
    await page.evaluate('sessionStorage.clear()')
    await page.reload()
    await enter(BOB)
    await untilShown(page, 'Of Bob', 'running')
    expect(await linksOf(page).count()).toBe(1)
  })

  it('lists the jobs after each run when the server has no feed', async ({ skip }) => {
    const { url, finish } = await startGated()
    const page = await openPage(skip)
    await page.route('**/events', (route) => route.fulfill({ status: 404, body: '{}' }))
    await page.goto(url)
    finish()
    await historyOf(page).getByText('No jobs yet.').waitFor()
    await runPrompt(page, 'Older')
    await untilShown(page, 'Older', 'completed')
    expect(await historyOf(page).getByText('Not live').count()).toBe(0)
  })

  it('lists the jobs and says why they are not live when the server has no slot for a feed, until it has', async ({
    skip,
  }) => {
    const { url, client, app, finish } = await startGated({ MAX_STREAMS_PER_KEY: '1' })
    const { id } = await client.create(jobOf('Holds the slot'))
    const leaving = new AbortController()
    await client.stream(id, { signal: leaving.signal })[Symbol.asyncIterator]().next()
    const page = await openPage(skip)
    await page.clock.install()
    await page.goto(url)
    await page.clock.resume()
    await untilShown(page, 'Holds the slot', 'running')
    await historyOf(page)
      .getByText(/Not live at the moment. .*streams/)
      .waitFor()
    leaving.abort()
    await vi.waitUntil(() => app.openStreams.count === 0, 10_000)
    finish()
    // The server asks clients without a slot to wait 10 s.
    await page.clock.runFor(11_000)
    await untilShown(page, 'Holds the slot', 'completed')
    await historyOf(page).getByText('Not live').waitFor({ state: 'detached' })
  })

  it('lists the jobs when a proxy holds the feed back', async ({ skip }) => {
    const { url, client } = await startGated()
    await client.create(jobOf('Behind a proxy'))
    const page = await openPage(skip)
    await page.route('**/events', () => {})
    await page.goto(url)
    await untilShown(page, 'Behind a proxy', 'running')
  })

  it('offers to load again when the list fails, and does', async ({ skip }) => {
    const { url, client } = await startGated()
    await client.create(jobOf('Hidden by a fault'))
    const page = await openPage(skip)
    const broken = { status: 500, body: JSON.stringify({ code: 'internal', detail: 'It broke.' }) }
    await page.route('**/jobs?*', (route) => route.fulfill(broken))
    await page.goto(url)
    await historyOf(page).getByRole('alert').filter({ hasText: 'It broke.' }).waitFor()
    await expectAccessible(page)
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.unroute('**/jobs?*')
    await historyOf(page).getByRole('button', { name: 'Load again' }).click()
    await untilShown(page, 'Hidden by a fault', 'running')
    await historyOf(page).getByRole('alert').waitFor({ state: 'detached' })
  })

  it('closes its feed when the tab stays hidden, and shows what changed when the tab is visible again', async ({
    skip,
  }) => {
    const { url, client, app, finish } = await startGated()
    await client.create(jobOf('In the background'))
    const page = await openPage(skip)
    await page.clock.install()
    await page.goto(url)
    await page.clock.resume()
    await untilShown(page, 'In the background', 'running')
    await setVisibility(page, 'hidden')
    expect(app.openStreams.count).toBe(1)
    await page.clock.runFor(10_000)
    await vi.waitUntil(() => app.openStreams.count === 0, 10_000)
    finish()
    await setVisibility(page, 'visible')
    await untilShown(page, 'In the background', 'completed')
  })

  it('keeps the older jobs that were loaded when the feed is opened again', async ({ skip }) => {
    const { url, client, finish } = await startGated({}, manyJobs(60))
    finish()
    const proxy = await CuttableProxy.start(url)
    const { page, count } = await openPlayground(skip, proxy.url)
    await untilShown(page, 'Job 1 asks.', 'completed')
    await historyOf(page).getByRole('button', { name: 'Older jobs' }).click()
    await untilShown(page, 'Job 60 asks.', 'completed')
    proxy.cut()
    proxy.restore()
    await vi.waitUntil(() => count('GET /jobs') === 3, 10_000)
    await client.create(jobOf('A new job'))
    await untilShown(page, 'A new job', 'completed')
    expect(await linksOf(page).count()).toBe(61)
  })

  it('begins anew after 200 new jobs, without a gap before the older ones', async ({ skip }) => {
    const { url, client, finish } = await startGated()
    finish()
    const { page, count } = await openPlayground(skip, url)
    await historyOf(page).getByText('No jobs yet.').waitFor()
    const prompts = Array.from({ length: 210 }, (_, index) => `Job ${index + 1}.`)
    await Promise.all(prompts.map((prompt) => client.create(jobOf(prompt))))
    await vi.waitUntil(() => count('GET /jobs') === 2, { timeout: 10_000 })
    await historyOf(page).getByRole('button', { name: 'Older jobs' }).click()
    const listed = (await Array.fromAsync(client.list({ limit: 100 }))).map(({ prompt }) => prompt)
    await vi.waitFor(async () => {
      const shown = await historyOf(page).locator('.excerpt').allTextContents()
      expect(shown.length).toBeGreaterThanOrEqual(40)
      expect(shown.length).toBeLessThan(200)
      expect(shown).toEqual(listed.slice(0, shown.length))
    })
  })

  it('has no violation that axe finds while jobs are live, and while the connection is lost', async ({ skip }) => {
    const { url, client } = await startGated()
    const proxy = await CuttableProxy.start(url)
    await client.create(jobOf('A long prompt '.repeat(20)))
    const cancelled = await client.create(jobOf('Stopped'))
    await client.cancel(cancelled.id)
    const { page } = await openPlayground(skip, proxy.url)
    await untilShown(page, 'A long prompt', 'running')
    await openDrawer(page)
    await expectAccessible(page)
    proxy.cut()
    await historyOf(page).getByText('Not live at the moment.').waitFor()
    await expectAccessible(page)
  })
})
