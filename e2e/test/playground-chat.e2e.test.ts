import { CuttableProxy } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import type { Locator, Page } from 'playwright-core'
import { describe, expect, it, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { needPrograms } from './need-programs.ts'
import { addModel, chooseModel, runPrompt, startPlayground, startVendorPlayground } from './playground.ts'
import { runProgram } from './run-program.ts'

const SLOW = { ECHO_DELAY_MS: '60' }
const LONG = Array.from({ length: 40 }, (_, index) => `word${index}`).join(' ')

const questions = (pane: Page | Locator) => pane.locator('.question-text')
const answers = (pane: Page | Locator) => pane.locator('.text')
const panes = (page: Page) => page.locator('.pane')
const ended = (page: Page, count = 1) =>
  page
    .locator('.pane.completed')
    .nth(count - 1)
    .waitFor()

/** Asks the next question and waits for all answers. */
async function ask(page: Page, prompt: string, count = 1): Promise<void> {
  await runPrompt(page, prompt)
  await questions(panes(page).nth(count - 1))
    .filter({ hasText: prompt })
    .waitFor()
  await ended(page, count)
}

/** Chooses an entry of the menu of a turn. */
async function choose(turn: Locator, entry: string): Promise<void> {
  await turn.getByRole('button', { name: 'More' }).click()
  await turn.getByRole('menuitem', { name: entry }).click()
}

const turn = (page: Page, index: number) => page.locator('.turn').nth(index)

describe('playground, conversations', () => {
  it('goes on with a conversation: the vendor gets what was said, each question stands above its answer', async ({
    skip,
  }) => {
    const page = await openPage(skip)
    const { vendor, url } = await startVendorPlayground()
    await page.goto(url)
    await chooseModel(page, 'gpt-4')
    await runPrompt(page, 'My name is Ada.')
    const first = await vendor.nextRequest()
    first.sendToken('Hello, Ada.')
    first.finish()
    await ended(page)
    await runPrompt(page, 'What is my name?')
    const second = await vendor.nextRequest()
    expect(second.body).toMatchObject({
      messages: [
        { role: 'user', content: 'My name is Ada.' },
        { role: 'assistant', content: 'Hello, Ada.' },
        { role: 'user', content: 'What is my name?' },
      ],
    })
    second.sendToken('Ada.')
    second.finish()
    await answers(page)
      .filter({ hasText: /^Ada\.$/ })
      .waitFor()
    expect(await questions(page).allTextContents()).toEqual(['My name is Ada.', 'What is my name?'])
    expect(await page.getByLabel('Prompt').inputValue()).toBe('')
  })

  it('opens a conversation by its address: after a reload in mid-answer, in another browser, back and forward', async ({
    skip,
  }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground({ env: SLOW }))
    await addModel(page)
    await ask(page, 'First question', 2)
    const before = page.url()
    await runPrompt(page, LONG)
    await answers(page).filter({ hasText: 'word5' }).nth(1).waitFor()
    await vi.waitFor(() => expect(page.url()).not.toBe(before))
    await page.reload()
    await page.locator('.pane.running').nth(1).waitFor()
    await ended(page, 2)
    const shown = ['First question', LONG]
    for (const index of [0, 1]) {
      expect(await answers(panes(page).nth(index)).allTextContents()).toEqual(shown)
      expect(await questions(panes(page).nth(index)).allTextContents()).toEqual(shown)
    }
    const other = await openPage(skip)
    await other.goto(page.url())
    await ended(other, 2)
    expect(await questions(panes(other).nth(1)).allTextContents()).toEqual(shown)
    await page.goto(before)
    await vi.waitFor(async () => expect(await answers(page).count()).toBe(2))
    await page.goBack()
    await vi.waitFor(async () => expect(await answers(page).count()).toBe(4))
    expect(await questions(panes(page).nth(0)).allTextContents()).toEqual(shown)
  })

  it('edits a question into a branch, and leads to both branches, also after a reload', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await ask(page, 'One')
    await ask(page, 'Two')
    await turn(page, 1).getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Edit the question').fill('Two, again')
    await page.keyboard.press('Control+Enter')
    await answers(page).filter({ hasText: 'Two, again' }).waitFor()
    expect(await questions(page).allTextContents()).toEqual(['One', 'Two, again'])
    await turn(page, 1).getByText('2/2').waitFor()
    await page.reload()
    await turn(page, 1).getByRole('button', { name: 'Earlier branch' }).click()
    await turn(page, 1).getByText('1/2').waitFor()
    expect(await questions(page).allTextContents()).toEqual(['One', 'Two'])
    await turn(page, 1).getByRole('button', { name: 'Later branch' }).click()
    await questions(page).filter({ hasText: 'Two, again' }).waitFor()
  })

  it('edits a question in all panes that asked it', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await addModel(page)
    await ask(page, 'One', 2)
    await turn(page, 0).getByRole('button', { name: 'Edit' }).click()
    await page.getByLabel('Edit the question').fill('Other')
    await page.getByRole('button', { name: 'Ask all models' }).click()
    await vi.waitFor(async () => expect(await answers(page).allTextContents()).toEqual(['Other', 'Other']))
  })

  it('replies to one model only, and goes on with all models behind one answer', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await addModel(page)
    await ask(page, 'One', 2)
    await choose(turn(page, 1), 'Reply to this model only')
    await page.getByText('To model 2 only.').waitFor()
    await ask(page, 'Only you', 2)
    expect(await questions(panes(page).nth(0)).allTextContents()).toEqual(['One'])
    expect(await questions(panes(page).nth(1)).allTextContents()).toEqual(['One', 'Only you'])
    await choose(turn(page, 2), 'Go on with all models from here')
    await ask(page, 'All of you', 2)
    for (const index of [0, 1])
      await vi.waitFor(async () =>
        expect(await questions(panes(page).nth(index)).allTextContents()).toEqual(['One', 'Only you', 'All of you']),
      )
  })

  it('runs a question with another model beside the first answer, and forks an answer at a place', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await ask(page, 'Once upon a time')
    await choose(turn(page, 0), 'Run with another model …')
    await page.getByRole('dialog').getByRole('option', { name: 'echo' }).first().click()
    await ended(page, 2)
    expect(await answers(page).allTextContents()).toEqual(['Once upon a time', 'Once upon a time'])
    await choose(turn(page, 1), 'Fork at a place …')
    const text = page.getByRole('dialog').getByRole('textbox').first()
    await text.focus()
    await page.keyboard.press('Control+Home')
    for (let step = 0; step < 9; step++) await page.keyboard.press('ArrowRight')
    await page.getByText('Keeps 9 of 16 characters').waitFor()
    await page.getByRole('dialog').getByRole('textbox').last().fill('and then?')
    await page.getByRole('button', { name: 'Fork here' }).click()
    await answers(panes(page).nth(1)).filter({ hasText: 'and then?' }).waitFor()
    expect(await answers(panes(page).nth(0)).allTextContents()).toEqual(['Once upon a time'])
  })

  it('begins a new chat from the grid, and comes back to the former one', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await ask(page, 'Kept')
    await page.getByRole('link', { name: 'Compare in a grid' }).click()
    await page.getByRole('heading', { name: 'Compare in a grid' }).waitFor()
    await page.getByRole('link', { name: 'New chat' }).click()
    await page.getByRole('heading', { name: 'Ask one model, or compare four.' }).waitFor()
    expect(page.url()).toMatch(/#new$/)
    await page.goBack()
    await page.goBack()
    await answers(page).filter({ hasText: 'Kept' }).waitFor()
  })

  it('says that a job was deleted', async ({ skip }) => {
    const page = await openPage(skip)
    const url = await startPlayground()
    await page.goto(`${url}/#no-such-job`)
    await page.getByText('This job was deleted').waitFor()
    await page.getByRole('link', { name: 'New chat' }).click()
    await page.getByRole('heading', { name: 'Ask one model, or compare four.' }).waitFor()
  })

  it('goes on by itself in every pane after the right key', async ({ skip }) => {
    const page = await openPage(skip)
    const key = 'k'.repeat(32)
    const url = await startPlayground({ env: { API_KEYS: `alice:${key}` } })
    const response = await fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', prefer: 'wait=10' },
      body: JSON.stringify({ prompt: 'Kept', provider: 'echo', model: 'echo' }),
    })
    const { id } = JSON.parse(await response.text())
    await page.goto(`${url}/#${id}`)
    const field = page.getByLabel('This server requires an API key')
    await field.fill('x'.repeat(32))
    await page.getByRole('button', { name: 'Use key' }).click()
    await field.fill(key)
    await page.getByRole('button', { name: 'Use key' }).click()
    await answers(page).filter({ hasText: 'Kept' }).waitFor()
  })

  it('goes on by itself in a pane that gave up, once the server can be reached again', async ({ skip }) => {
    const page = await openPage(skip)
    const url = await startPlayground()
    const { id } = await new PromptLabClient({ baseUrl: url }).create({
      prompt: 'Kept',
      provider: 'echo',
      model: 'echo',
    })
    const proxy = await CuttableProxy.start(url)
    await page.goto(proxy.url)
    await page.locator('.history .excerpt').filter({ hasText: 'Kept' }).waitFor()
    proxy.cut()
    await page.evaluate(`location.hash = "#${id}"`)
    // The client tries for about ten seconds.
    await page.locator('.pane').getByRole('button', { name: 'Try again' }).waitFor({ timeout: 25_000 })
    proxy.restore()
    await answers(page).filter({ hasText: 'Kept' }).waitFor()
  })

  it('shows examples that run at once, and says which variables bring a model', async ({ skip }) => {
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await page.getByText('No model is set up yet').waitFor()
    expect(await page.locator('.examples .hint').textContent()).toContain('OPENAI_API_KEY')
    await page.getByRole('button', { name: 'Say it in five words' }).click()
    await ended(page)
    expect(await answers(page).textContent()).toContain('five words')
  })

  it('shows the code of a request, which runs as it is', async ({ skip }) => {
    needPrograms(skip, 'curl')
    const page = await openPage(skip)
    await page.goto(await startPlayground())
    await ask(page, "It's a question with 'quotes' and $HOME")
    await choose(turn(page, 0), 'Get code …')
    const code = (await page.getByRole('dialog').locator('pre').textContent()) ?? ''
    const stream = await runProgram('sh', ['-c', `${code} -s`])
    expect(stream).toContain('data: {"token":"It\'s"}')
    expect(stream).toContain('$HOME')
    expect(stream).toContain('event: metrics')
  })
})
