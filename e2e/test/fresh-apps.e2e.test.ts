import { startVendorServer } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import type { Page } from 'playwright-core'
import { expect, it, type TestContext } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import { freshApp, startApp } from './fresh-app.ts'

type Vendor = Awaited<ReturnType<typeof startVendorServer>>['vendor']

/** Talks with a model on the page of a chat, whatever it is made with. */
async function talk(page: Page, vendor: Vendor, client: PromptLabClient): Promise<void> {
  const ask = async (text: string) => {
    await page.getByLabel('Message').fill(text)
    await page.keyboard.press('Enter')
    return await vendor.nextRequest()
  }
  const answer = (text: string) => page.locator('.assistant').last().getByText(text, { exact: true }).waitFor()
  const isReady = () => page.getByRole('button', { name: 'Send' }).waitFor()

  const first = await ask('My name is Ada.')
  first.sendToken('Hello, ')
  await answer('Hello, ')
  await page.reload()
  await answer('Hello, ')
  first.sendToken('Ada.')
  await answer('Hello, Ada.')
  first.finish()
  await isReady()
  expect(await page.locator('article').allTextContents()).toEqual(['My name is Ada.', 'Hello, Ada.'])

  const second = await ask('What is my name?')
  expect(JSON.stringify(second.request.messages)).toMatch(/My name is Ada\..*Hello, Ada\..*What is my name\?/)
  second.sendToken('You are ')
  await answer('You are ')
  await page.getByRole('button', { name: 'Stop' }).click()
  await second.closed
  await isReady()
  const [job] = (await client.listPage({ limit: 1 })).data
  expect(await client.wait(job?.id ?? '')).toMatchObject({ status: 'cancelled', result: 'You are ' })

  await page.reload()
  await page.getByText('Stopped.').waitFor()
  await isReady()
  const third = await ask('Go on.')
  third.fail(401)
  await page.getByRole('alert').waitFor()
  await page.getByRole('button', { name: 'Try again' }).click()
  const again = await vendor.nextRequest()
  again.sendToken('You are Ada.')
  again.finish()
  await answer('You are Ada.')
  await isReady()
  // The messages now come from the last job alone.
  await page.reload()
  await answer('You are Ada.')
  await isReady()
  expect(await page.locator('article').allTextContents()).toEqual([
    'My name is Ada.',
    'Hello, Ada.',
    'What is my name?',
    'You are Stopped.',
    'Go on.',
    'You are Ada.',
  ])
  await expectAccessible(page)
  expect((await client.listPage()).data).toHaveLength(4)
}

async function startServers(skip: TestContext['skip']) {
  const page = await openPage(skip)
  const server = await startVendorServer({ OPENAI_MODELS: 'gpt-4', CORS_ORIGINS: '*' })
  return { page, ...server, client: new PromptLabClient({ baseUrl: server.url }) }
}

it('vite-use-chat > streams, resumes, stops and remembers as a fresh app with the packed client', async ({ skip }) => {
  const { page, vendor, url, client } = await startServers(skip)
  const folder = await freshApp(skip, 'vite-use-chat')
  const env = { VITE_PROMPTLAB_URL: url, VITE_PROMPTLAB_PROVIDER: 'openai', VITE_PROMPTLAB_MODEL: 'gpt-4' }
  // Only in development React's strict mode mounts twice, for which useChat aborts a stream that it resumes.
  await page.goto(await startApp(folder, 'vite/bin/vite.js', ['--port', '0', '--host', '127.0.0.1'], env))
  await talk(page, vendor, client)
}, 240_000)

it('nextjs-chat > streams, resumes, stops and remembers as a fresh app with the packed client', async ({ skip }) => {
  const { page, vendor, url, client } = await startServers(skip)
  const folder = await freshApp(skip, 'nextjs-chat')
  const env = { PROMPTLAB_URL: url, PROMPTLAB_PROVIDER: 'openai', PROMPTLAB_MODEL: 'gpt-4' }
  await page.goto(await startApp(folder, 'next/dist/bin/next', ['start', '-p', '0', '-H', '127.0.0.1'], env))
  await talk(page, vendor, client)
}, 240_000)
