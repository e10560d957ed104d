import { CuttableProxy, ScriptedProvider, startServer } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'

const PAGE = new URL('../../examples/event-source.html', import.meta.url)
const KEY = 'a-key-of-ann-0123456789'

async function openChat(page: Page, url: string): Promise<void> {
  await page.goto(`${PAGE}?api=${encodeURIComponent(url)}`)
}

/** Asks once the page knows the models. */
async function ask(page: Page, prompt: string): Promise<void> {
  await page.getByRole('option').first().waitFor({ state: 'attached' })
  await page.getByLabel('Prompt').fill(prompt)
  await page.getByRole('button', { name: 'Send' }).click()
}

const texts = (page: Page, part: 'question' | 'answer' | 'end') => page.locator(`.${part}`).allTextContents()

/** The id of the job that the address names. */
const jobIn = (page: Page) => new URL(page.url()).hash.slice(1)

async function startChatServer(...steps: ConstructorParameters<typeof ScriptedProvider>[0][number][]): Promise<string> {
  const { url } = await startServer({ env: { CORS_ORIGINS: '*' }, providers: [new ScriptedProvider(steps)] })
  return url
}

it('event-source.html > goes on with a conversation, and its address opens all of it', async ({ skip }) => {
  const { url } = await startServer({ env: { CORS_ORIGINS: '*' } })
  const page = await openPage(skip)
  await openChat(page, url)
  await ask(page, 'Once upon a <b>time</b>')
  await page.getByText('4 tokens').waitFor()
  const first = jobIn(page)
  await page.getByLabel('Prompt').fill('two words')
  await page.keyboard.press('Enter')
  await page.getByText('2 tokens').waitFor()
  expect(await new PromptLabClient({ baseUrl: url }).get(jobIn(page))).toMatchObject({ previousJobId: first })

  await page.reload()
  await page.getByText('2 tokens').waitFor()
  expect(await texts(page, 'question')).toEqual(['Once upon a <b>time</b>', 'two words'])
  expect(await texts(page, 'answer')).toEqual(['Once upon a <b>time</b>', 'two words'])
  await expectAccessible(page)

  await page.getByRole('button', { name: 'New conversation' }).click()
  await page.getByText('2 tokens').waitFor({ state: 'detached' })
  await page.goBack()
  await page.getByText('2 tokens').waitFor()
})

it('event-source.html > goes on with an answer after a reload in the middle of it', async ({ skip }) => {
  const gate = Promise.withResolvers<void>()
  const page = await openPage(skip)
  await openChat(page, await startChatServer('one', ' two', gate.promise, ' three'))
  await ask(page, 'Count')
  await page.getByText('one two').waitFor()
  await page.reload()
  await page.getByText('one two').waitFor()
  expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true)
  gate.resolve()
  await page.getByText('3 tokens').waitFor()
  expect(await texts(page, 'answer')).toEqual(['one two three'])
  expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(false)
})

it('event-source.html > stops an answer, and keeps what came', async ({ skip }) => {
  const page = await openPage(skip)
  await openChat(page, await startChatServer('one', new Promise(() => undefined)))
  await ask(page, 'Count')
  await page.locator('.answer', { hasText: 'one' }).waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await page.getByText('Stopped').waitFor()
  expect(await texts(page, 'answer')).toEqual(['one'])
})

it('event-source.html > shows why a job failed, also after a reload', async ({ skip }) => {
  const page = await openPage(skip)
  await openChat(page, await startChatServer('one', new Error('broken')))
  await ask(page, 'Count')
  const end = page.locator('.end', { hasText: /\w/ })
  await end.waitFor()
  const words = await texts(page, 'end')
  await page.reload()
  await end.waitFor()
  expect(await texts(page, 'end')).toEqual(words)
  expect(await texts(page, 'answer')).toEqual(['one'])
})

it('event-source.html > says what is wrong with a request, an address and a server, and keeps the prompt', async ({
  skip,
}) => {
  const { url, app } = await startServer({ env: { CORS_ORIGINS: '*', MAX_PROMPT_CHARS: '5' } })
  const page = await openPage(skip)
  await openChat(page, url)
  await ask(page, 'too long')
  await page.getByText('5 characters').waitFor()
  expect(await page.getByLabel('Prompt').inputValue()).toBe('too long')
  expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(false)

  await page.evaluate("location.hash = 'nobody'")
  await page.getByText(/no job/i).waitFor()
  await app.close()
  await page.getByRole('button', { name: 'Send' }).click()
  await page.getByText(`No server answers at ${url}`).waitFor()
})

it('event-source.html > asks for a key where the server needs one, and streams by a signed link', async ({ skip }) => {
  const { url } = await startServer({ env: { CORS_ORIGINS: '*', API_KEYS: `ann:${KEY}` } })
  const page = await openPage(skip)
  await openChat(page, url)
  await page.getByLabel('API key').fill(KEY)
  await page.keyboard.press('Tab')
  await ask(page, 'Once upon a time')
  await page.getByText('4 tokens').waitFor()
  await page.reload()
  await page.getByText('4 tokens').waitFor()
})

it('event-source.html > has the whole text over connections that break', async ({ skip }) => {
  const { url } = await startServer({ env: { CORS_ORIGINS: '*', ECHO_DELAY_MS: '50' } })
  const proxy = await CuttableProxy.start(url)
  const page = await openPage(skip)
  await openChat(page, proxy.url)
  const prompt = Array.from({ length: 60 }, (_, index) => `wörd${index}🙂`).join(' ')
  await ask(page, prompt)
  for (const seen of ['wörd3', 'wörd20']) {
    await page.locator('.answer', { hasText: seen }).waitFor()
    proxy.cut()
    await page.getByText('Connection lost. The answer will go on.').waitFor()
    proxy.restore()
    await page.getByText('Connection lost').waitFor({ state: 'detached' })
  }
  await page.getByText('60 tokens').waitFor()
  expect(await texts(page, 'answer')).toEqual([prompt])
})
