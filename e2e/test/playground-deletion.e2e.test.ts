import type { Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import {
  historyOf,
  jobOf,
  linksOf,
  openDrawer,
  openPlayground,
  startGated,
  untilRows,
  untilShown,
} from './history-page.ts'
import type { StoredJobFields } from './stored-jobs.ts'

const HOUR = 3_600_000
const STORED: StoredJobFields[] = ['first', 'second', 'third', 'fourth', 'fifth'].map((id, index) => ({
  id,
  prompt: `The ${id}`,
  ageMs: (index + 1) * 60_000,
}))
const COMPARED: StoredJobFields[] = ['one', 'two', 'three'].map((id, index) => ({
  id,
  prompt: 'Which is best?',
  ageMs: HOUR - index,
  metadata: { comparison: 'c' },
}))

const remove = (page: Page, name: string) =>
  historyOf(page)
    .getByRole('button', { name: `Delete “${name}”` })
    .click()
const undo = (page: Page) => historyOf(page).getByRole('button', { name: 'Undo' })

/** The page with a clock that the test moves on. */
async function openTimed(skip: Parameters<typeof openPage>[0], url: string) {
  const page = await openPage(skip)
  const deleted: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'DELETE') deleted.push(new URL(request.url()).pathname.slice('/jobs/'.length))
  })
  await page.clock.install()
  await page.goto(url)
  await page.clock.resume()
  return { page, deleted }
}

describe('deletion in the history', () => {
  it('takes the row away at once, and deletes its job 8 s later', async ({ skip }) => {
    const { url, client } = await startGated({}, STORED)
    const { page, deleted } = await openTimed(skip, url)
    await untilRows(page, 5)
    await remove(page, 'The second')
    await untilRows(page, 4)
    await historyOf(page).getByText('Deleted “The second”.').waitFor()
    await page.mouse.move(900, 300)
    expect(deleted).toEqual([])
    await page.clock.runFor(8_100)
    await vi.waitUntil(() => deleted.length > 0)
    await undo(page).waitFor({ state: 'detached' })
    await vi.waitFor(async () => expect((await client.listPage()).data.length).toBe(4))
    expect(deleted).toEqual(['second'])
  })

  it('takes a deletion back: the row is in its place, and what was open is open again', async ({ skip }) => {
    const { url, client } = await startGated({}, STORED)
    const { page, deleted } = await openTimed(skip, url)
    await linksOf(page).filter({ hasText: 'The second' }).click()
    await page.locator('.pane.completed').waitFor()
    await remove(page, 'The second')
    await page.locator('.pane').waitFor({ state: 'detached' })
    await undo(page).click()
    expect((await untilRows(page, 5))[1]).toBe('The second')
    await page.locator('.pane.completed').waitFor()
    expect(page.url()).toMatch(/#second$/)
    await page.clock.runFor(9_000)
    expect(deleted).toEqual([])
    expect((await client.listPage()).data.length).toBe(5)
  })

  it('keeps three deletions that can be taken back, each for itself, and sends the oldest with a fourth', async ({
    skip,
  }) => {
    const { url } = await startGated({}, STORED)
    const { page, deleted } = await openTimed(skip, url)
    for (const name of ['The first', 'The second', 'The third']) await remove(page, name)
    await untilRows(page, 2)
    expect(await undo(page).count()).toBe(3)
    await undo(page).nth(1).click()
    await untilRows(page, 3)
    for (const name of ['The fourth', 'The fifth']) await remove(page, name)
    expect(await untilRows(page, 1)).toEqual(['The second'])
    await vi.waitUntil(() => deleted.length > 0)
    expect(deleted).toEqual(['first'])
    expect(await undo(page).count()).toBe(3)
  })

  it('sends what is pending when the page is left or hidden, with the key', async ({ skip }) => {
    const key = 'key-of-ann-0123456789'
    const { url, clientOf } = await startGated({ API_KEYS: `ann:${key}` })
    const client = clientOf(key)
    for (const name of ['Left', 'Hidden', 'Kept']) await client.cancel((await client.create(jobOf(name))).id)
    const page = await openPage(skip)
    await page.goto(url)
    await page.getByLabel('This server requires an API key').fill(key)
    await page.getByRole('button', { name: 'Use key' }).click()
    await untilRows(page, 3)
    await remove(page, 'Left')
    await undo(page).waitFor()
    await page.goto('about:blank')
    await vi.waitFor(async () =>
      expect((await client.listPage()).data.map(({ prompt }) => prompt)).toEqual(['Kept', 'Hidden']),
    )
    await page.goto(url)
    await untilRows(page, 2)
    await remove(page, 'Hidden')
    await undo(page).waitFor()
    await page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))`)
    await undo(page).waitFor({ state: 'detached' })
    await vi.waitFor(async () => expect((await client.listPage()).data.map(({ prompt }) => prompt)).toEqual(['Kept']))
  })

  it('brings the row back when the deletion fails, and says why', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page } = await openTimed(skip, url)
    const refusal = { code: 'internal', detail: 'The disk is full.' }
    await page.route('**/jobs/third', (route) =>
      route.request().method() === 'DELETE'
        ? route.fulfill({ status: 500, body: JSON.stringify(refusal) })
        : route.continue(),
    )
    await remove(page, 'The third')
    await untilRows(page, 4)
    await page.mouse.move(900, 300)
    await page.clock.runFor(8_100)
    const words = 'The third” was not deleted, and is here again. The disk is full.'
    await historyOf(page).getByRole('alert').filter({ hasText: words }).waitFor()
    expect((await untilRows(page, 5))[2]).toBe('The third')
    await historyOf(page).getByRole('button', { name: 'Close' }).click()
    await historyOf(page).getByRole('alert').waitFor({ state: 'detached' })
  })

  it('deletes all jobs of a row', async ({ skip }) => {
    const { url, client } = await startGated({}, [...STORED, ...COMPARED])
    const { page, deleted } = await openTimed(skip, url)
    await untilRows(page, 6)
    await remove(page, 'Which is best?')
    await historyOf(page).getByText('Deleted 3 jobs of “Which is best?”.').waitFor()
    await page.mouse.move(900, 300)
    await page.clock.runFor(8_100)
    await vi.waitFor(async () => expect((await client.listPage()).data.length).toBe(5))
    expect(deleted.sort()).toEqual(['one', 'three', 'two'])
  })

  it('says when a job of the row still runs, and stops it first if that is wanted', async ({ skip }) => {
    const { url, client } = await startGated({}, COMPARED)
    await client.create({ ...jobOf('Which is best?'), metadata: { comparison: 'c' } })
    const alone = await client.create(jobOf('Alone'))
    const { page, deleted } = await openTimed(skip, url)
    await untilRows(page, 2)
    await remove(page, 'Which is best?')
    await historyOf(page).getByText('1 job of 4 still runs.').waitFor()
    await historyOf(page).getByRole('button', { name: 'Delete those that have ended' }).click()
    await untilShown(page, 'Which is best?', 'running')
    await historyOf(page).getByText('Deleted 3 jobs').waitFor()
    await remove(page, 'Alone')
    await historyOf(page).getByText('It still runs.').waitFor()
    await historyOf(page).getByRole('button', { name: 'Stop and delete' }).click()
    await untilRows(page, 1)
    expect((await client.get(alone.id)).status).toBe('cancelled')
    await page.mouse.move(900, 300)
    await page.clock.runFor(8_100)
    await vi.waitUntil(() => deleted.length === 4)
    expect(deleted).toContain(alone.id)
  })

  it('moves the focus to the next row after a deletion, and back after it was taken back', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 5)
    const focused = () => page.evaluate('document.activeElement.querySelector(".excerpt")?.textContent')
    await linksOf(page).nth(1).focus()
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await untilRows(page, 4)
    expect(await focused()).toBe('The third')
    await undo(page).focus()
    await page.keyboard.press('Enter')
    await untilRows(page, 5)
    await vi.waitFor(async () => expect(await focused()).toBe('The second'))
  })

  it('takes a job out of the other tabs when it is deleted in one', async ({ skip }) => {
    const { url } = await startGated({}, STORED)
    const { page: one, deleted } = await openTimed(skip, url)
    await untilRows(one, 5)
    const other = await one.context().newPage()
    await other.goto(url)
    await untilRows(other, 5)
    await remove(one, 'The first')
    await one.mouse.move(900, 300)
    await one.clock.runFor(8_100)
    await vi.waitUntil(() => deleted.length === 1)
    await untilRows(other, 4)
    expect(await historyOf(other).getByRole('alert').count()).toBe(0)
  })

  it('takes the row of a job away that was deleted elsewhere when somebody opens it', async ({ skip }) => {
    const { url, client } = await startGated({}, STORED)
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 5)
    await client.delete('third')
    await linksOf(page).filter({ hasText: 'The third' }).click()
    await page.getByText('This job was deleted, or it is another caller’s.').waitFor()
    expect(await untilRows(page, 4)).not.toContain('The third')
  })

  it('has no violation that axe finds while deletions can be taken back and a row asks what to do', async ({
    skip,
  }) => {
    const { url, client } = await startGated({}, [...STORED, ...COMPARED])
    await client.create({ ...jobOf('Which is best?'), metadata: { comparison: 'c' } })
    const { page } = await openPlayground(skip, url)
    await untilRows(page, 6)
    await remove(page, 'Which is best?')
    await remove(page, 'The first')
    await undo(page).waitFor()
    await undo(page).hover()
    await openDrawer(page)
    await undo(page).focus()
    await expectAccessible(page)
    expect(await undo(page).count()).toBe(1)
  })
})
