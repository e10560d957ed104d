import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startServer, temporaryFolder } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import type { Locator } from 'playwright-core'
import { expect, it } from 'vitest'
import { openPage } from './chromium.ts'
import { expectAccessible } from './expect-accessible.ts'
import { runProgram } from './run-program.ts'
import { servePage } from './serve-page.ts'
import { TurnsProvider } from './turns-provider.ts'

const EXAMPLE = fileURLToPath(new URL('../../examples/react-chat/', import.meta.url))

it('react-chat > streams, goes on after a reload, takes a second turn, stops, edits, and begins a new chat', async ({
  skip,
}) => {
  const page = await openPage(skip)
  const folder = await temporaryFolder()
  const origin = await servePage((path) => readFile(join(folder, path === '/' ? 'index.html' : path), 'utf8'))
  const gate = Promise.withResolvers<void>()
  const never = new Promise<void>(() => {})
  const { url } = await startServer({
    env: { CORS_ORIGINS: origin.slice(0, -1) },
    providers: [new TurnsProvider(gate.promise, never)],
  })
  await runProgram(join(EXAMPLE, 'node_modules/.bin/vite'), ['build', EXAMPLE, '--outDir', folder], {
    NODE_ENV: 'production',
    VITE_PROMPTLAB_URL: url,
    VITE_PROMPTLAB_PROVIDER: 'scripted',
    VITE_PROMPTLAB_MODEL: 'script-1',
  })
  await page.goto(origin)
  const turns = page.getByRole('listitem')
  const ask = async (text: string, button = 'Send') => {
    await page.getByLabel('Message').fill(text)
    await page.getByRole('button', { name: button, exact: true }).click()
  }

  await ask('One')
  await turns.getByText('Half', { exact: true }).waitFor()
  await page.waitForURL((address) => address.hash.length > 1)
  await page.reload()
  await turns.getByText('Half', { exact: true }).waitFor()
  expect(await page.getByRole('button', { name: 'Send' }).isDisabled()).toBe(true)
  await expectAccessible(page)
  gate.resolve()
  await turns.getByText('Half whole').waitFor()

  await ask('Two')
  await turns.nth(1).getByText('Half', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Stop' }).click()
  await turns.nth(1).getByText('Stopped').waitFor()

  await turns.nth(1).getByRole('button', { name: 'Edit' }).click()
  expect(await page.getByLabel('Message').inputValue()).toBe('Two')
  await ask('Three', 'Ask again')
  await turns.nth(1).getByText('Half whole').waitFor()
  await expect.poll(() => turns.locator('p').allTextContents()).toEqual(['One', 'Half whole', 'Three', 'Half whole'])

  // The end of the chat stays in sight where not all of it has room.
  await page.setViewportSize({ width: 700, height: 330 })
  await expect.poll(() => isInSight(turns.nth(1).getByText('Half whole'))).toBe(true)
  expect(await isInSight(turns.nth(0).getByText('One'))).toBe(false)
  await page.goBack()
  await turns.nth(1).getByText('Stopped').waitFor()
  await page.goForward()
  await turns.nth(1).getByText('Three').waitFor()
  await page.getByRole('button', { name: 'New chat' }).click()
  await expect.poll(() => turns.count()).toBe(0)
  await ask('Four')
  await turns.getByText('Half whole').waitFor()

  const client = new PromptLabClient({ baseUrl: url })
  const jobs = async () => (await Array.fromAsync(client.list())).toReversed()
  const statuses = async () => (await jobs()).map(({ status }) => status)
  await expect.poll(statuses).toEqual(['completed', 'cancelled', 'completed', 'completed'])
  const [first, ...others] = await jobs()
  expect(first?.previousJobId).toBeUndefined()
  expect(others.map(({ previousJobId }) => previousJobId)).toEqual([first?.id, first?.id, undefined])
}, 60_000)

function isInSight(locator: Locator): Promise<boolean> {
  return locator.evaluate(
    (element: { getBoundingClientRect(): { top: number } }) => element.getBoundingClientRect().top >= 0,
  )
}

it('react-chat > is at most 60 lines of TSX', async () => {
  expect((await readFile(join(EXAMPLE, 'src/chat.tsx'), 'utf8')).split('\n').length - 1).toBeLessThanOrEqual(60)
})
