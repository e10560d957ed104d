import { readFile } from 'node:fs/promises'
import { CuttableProxy, ScriptedProvider } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import type { Page } from 'playwright-core'
import { describe, expect, it, type TestContext, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import { addModel, startPlayground } from './playground.ts'

/** Fails at its first call, and then says what it was asked. */
class FlakyProvider extends ScriptedProvider {
  override complete(prompt: string, ...options: [Parameters<ScriptedProvider['complete']>[1]]) {
    const steps = this.calls++ === 0 ? [new Error('It fails once')] : [`You said ${prompt}`]
    return new ScriptedProvider(steps).complete(prompt, ...options)
  }
}

async function openGrid(skip: TestContext['skip'], url: string, columns = 2): Promise<Page> {
  const page = await openPage(skip)
  await page.goto(`${url}/#grid`)
  page.setDefaultTimeout(20_000)
  await page.locator('.grid-form button.primary:enabled').waitFor()
  for (let column = 1; column < columns; column++) await addModel(page)
  await page.getByLabel('Prompt', { exact: true }).fill('Say {{word}} to {{name}}')
  return page
}

/** Pastes cells of a spreadsheet into a field, and waits until they are there. */
async function paste(page: Page, label: string, text: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true })
  await field.focus()
  await page.evaluate(`{
    const clipboardData = new DataTransfer()
    clipboardData.setData('text/plain', ${JSON.stringify(text)})
    const paste = new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true })
    document.activeElement.dispatchEvent(paste)
  }`)
  await vi.waitUntil(async () => (await field.inputValue()) === text.split('\t', 1)[0], 10_000)
}

const WORDS = 'one\tAnn\ntwo\tBob\nthree\tCat'
const run = (page: Page, jobs: number) => page.getByRole('button', { name: `Run ${jobs} job` }).click()
const ended = (page: Page, words: string) => page.locator('.grid-progress').filter({ hasText: words }).waitFor()
const clientOf = (url: string) => new PromptLabClient({ baseUrl: url, retryDelayMs: 1 })

async function jobsOf(url: string, page: Page) {
  const grid = new URL(page.url()).hash.replace('#grid/', '')
  return await Array.fromAsync(clientOf(url).list({ metadata: { grid }, limit: 100 }))
}

describe('grid of the playground', () => {
  it('asks two models for three rows, shows the answers, and opens anywhere from its jobs', async ({ skip }) => {
    const url = await startPlayground({ env: { ECHO_DELAY_MS: '1' } })
    const page = await openGrid(skip, url)
    await paste(page, 'word, row 1', WORDS)
    await page.getByText('Preview').click()
    await page.getByText('Say one to Ann').waitFor()
    await expectAccessible(page)
    await run(page, 6)
    await ended(page, '6 of 6 ended')
    const cell = page.locator('tr[data-row="1"] .grid-cell').first()
    await cell.filter({ hasText: 'Say two to Bob' }).waitFor()
    await expectAccessible(page)
    await cell.focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').filter({ hasText: 'Say three to Cat' }).waitFor()
    await expectAccessible(page)
    await page.keyboard.press('Escape')
    expect(await jobsOf(url, page)).toHaveLength(6)

    const other = await openPage(skip)
    await other.goto(page.url())
    await ended(other, '6 of 6 ended')
    await other.locator('tr[data-row="2"] .grid-cell').first().filter({ hasText: 'Say three to Cat' }).waitFor()
    await other.getByRole('button', { name: 'Edit as a new grid' }).click()
    await other.getByLabel('Prompt', { exact: true }).waitFor()
    expect(await other.getByLabel('Prompt', { exact: true }).inputValue()).toBe('Say {{word}} to {{name}}')
    expect(await other.getByLabel('name, row 3').inputValue()).toBe('Cat')
  })

  it('goes on after a reload in the middle, and two tabs create the missing jobs once', async ({ skip }) => {
    const gate = Promise.withResolvers<void>()
    const url = await startPlayground({ steps: ['Half', gate.promise, ' whole'] })
    const page = await openGrid(skip, url, 1)
    // The third and later creations are lost, as if the tab were closed.
    let created = 0
    await page.route('**/jobs', (route) => {
      if (route.request().method() === 'POST' && ++created > 2) return route.abort()
      return route.continue()
    })
    await paste(page, 'word, row 1', WORDS)
    await run(page, 3)
    await ended(page, '1 not created')
    await page.unroute('**/jobs')
    await page.reload()
    const other = await page.context().newPage()
    await other.goto(page.url())
    const missing = (tab: Page) => tab.getByRole('button', { name: 'Create the missing 1' })
    await Promise.all([missing(page).waitFor(), missing(other).waitFor()])
    // Not by the mouse, which waits for a button that what the other tab does may remove.
    await Promise.all([page, other].map((tab) => tab.evaluate("document.querySelector('button.primary').click()")))
    await Promise.all([ended(page, '3 running'), ended(other, '3 running')])
    await page.locator('.grid-text', { hasText: 'Half' }).first().waitFor()
    gate.resolve()
    await ended(page, '3 of 3 ended')
    await page.locator('.grid-text', { hasText: 'Half whole' }).nth(2).waitFor()
    expect(await jobsOf(url, page)).toHaveLength(3)
  })

  it('says that the server is away, and goes on when it is back', async ({ skip }) => {
    const gate = Promise.withResolvers<void>()
    const url = await startPlayground({ steps: ['Half', gate.promise, ' whole'] })
    const proxy = await CuttableProxy.start(url)
    const page = await openGrid(skip, proxy.url.replace(/\/$/, ''), 1)
    await paste(page, 'word, row 1', WORDS)
    await run(page, 3)
    await ended(page, '3 running')
    proxy.cut()
    await page.getByText('The grid goes on when it is back.').waitFor()
    gate.resolve()
    proxy.restore()
    await ended(page, '3 of 3 ended')
    await page.locator('.grid-text', { hasText: 'Half whole' }).nth(2).waitFor()
    await page.getByText('The grid goes on when it is back.').waitFor({ state: 'detached' })
  })

  it('stops all that runs', async ({ skip }) => {
    const url = await startPlayground({ steps: ['Half', new Promise(() => {})] })
    const page = await openGrid(skip, url, 1)
    await paste(page, 'word, row 1', WORDS)
    await run(page, 3)
    await ended(page, '3 running')
    await page.getByRole('button', { name: 'Stop' }).click()
    await ended(page, '3 of 3 ended')
    expect((await jobsOf(url, page)).map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled'])
  })

  it('runs a cell that failed again', async ({ skip }) => {
    const url = await startPlayground({ provider: new FlakyProvider([]) })
    const page = await openGrid(skip, url, 1)
    await page.getByLabel('word, row 1').fill('hello')
    await page.getByLabel('name, row 1').fill('Ann')
    await run(page, 1)
    await ended(page, '1 failed')
    await expectAccessible(page)
    await page.getByRole('button', { name: 'Rerun row 1, model 1' }).click()
    await page.locator('[data-status="completed"]', { hasText: 'You said Say hello to Ann' }).waitFor()
    const [newer, older] = await jobsOf(url, page)
    expect(newer?.rerunOf).toBe(older?.id)
  })

  it('loads rows from a CSV file, asks about empty values, and saves the answers', async ({ skip }) => {
    const url = await startPlayground({ env: { ECHO_DELAY_MS: '1' } })
    const page = await openGrid(skip, url, 1)
    const csv = '\uFEFFword;name\r\n"=1;""x""";Ann\r\nb;\r\nbroken\r\n'
    await page
      .getByLabel('CSV file')
      .setInputFiles({ name: 'rows.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) })
    await page.getByText('2 rows are loaded from rows.csv.').waitFor()
    await page.getByText('Row 3 has 1 values, not 2. It is left out.').waitFor()
    await run(page, 2)
    await page.getByRole('dialog').filter({ hasText: 'Row 2 has no value for name.' }).waitFor()
    await page.getByRole('button', { name: 'Run them' }).click()
    await ended(page, '2 of 2 ended')
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save as CSV' }).click()
    const saved = await readFile(await (await download).path(), 'utf8')
    expect(saved).toMatch(/^\uFEFFword,name,1 echo\//)
    expect(saved).toContain('"\'=1;""x""",Ann,')
    expect(saved.split('\r\n')).toHaveLength(4)
  })

  it('creates a job that was deleted again, and asks for a key that the server takes', async ({ skip }) => {
    const key = 'key-of-ann-0123456789'
    const url = await startPlayground({ env: { ECHO_DELAY_MS: '1', API_KEYS: `ann:${key}` } })
    const page = await openPage(skip)
    const enterKey = async (value: string) => {
      await page.getByLabel('This server requires an API key').fill(value)
      await page.getByRole('button', { name: 'Use key' }).click()
    }
    await page.goto(`${url}/#grid`)
    await enterKey(key)
    await page.getByLabel('Prompt', { exact: true }).fill('Say {{word}}')
    await page.getByLabel('word, row 1').fill('hello')
    await run(page, 1)
    await ended(page, '1 of 1 ended')
    const client = new PromptLabClient({ baseUrl: url, apiKey: key })
    for await (const job of client.list()) await client.delete(job.id)
    await page.evaluate("sessionStorage.setItem('promptlab.api-key', 'another-key-0123456789')")
    await page.reload()
    await enterKey(key)
    await page.getByRole('button', { name: 'Create the missing 1' }).click()
    await ended(page, '1 of 1 ended')
  })

  it('says what the server does not take, and creates no more', async ({ skip }) => {
    const url = await startPlayground({ env: { MAX_PROMPT_CHARS: '30' } })
    const page = await openGrid(skip, url, 1)
    await paste(page, 'word, row 1', `${'x'.repeat(40)}\tAnn`)
    await run(page, 1)
    await page.getByRole('alert').waitFor()
    expect(await jobsOf(url, page)).toEqual([])
  })

  it('fills 200 cells with little work of the page', async ({ skip }) => {
    const url = await startPlayground({ env: { ECHO_DELAY_MS: '1' } })
    const page = await openGrid(skip, url)
    const browser = await page.context().newCDPSession(page)
    await browser.send('Performance.enable', { timeDomain: 'threadTicks' })
    await paste(page, 'word, row 1', Array.from({ length: 100 }, (_, row) => `w${row}\tn${row}`).join('\n'))
    await run(page, 200)
    const before = await workOf(browser)
    let requests = 0
    page.on('request', () => requests++)
    await page.getByRole('button', { name: 'Run them' }).click()
    await vi.waitFor(() => ended(page, '200 of 200 ended'), { timeout: 60_000 })
    // CPU time of the main thread for each cell, in milliseconds.
    expect(((await workOf(browser)) - before) / 200).toBeLessThan(15)
    // A creation for each cell, texts of the rows on the screen only.
    expect(requests).toBeLessThan(260)
  }, 90_000)
})

async function workOf(browser: {
  send(method: 'Performance.getMetrics'): Promise<{ metrics: { name: string; value: number }[] }>
}) {
  const { metrics } = await browser.send('Performance.getMetrics')
  return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000
}
