import { ScriptedProvider, startServer } from '@promptlab/api/testing'
import { type JobStatus, PromptLabClient } from '@promptlab/client'
import type { Locator, Page, Request } from 'playwright-core'
import { type TestContext, vi } from 'vitest'
import { openPage } from './chromium.ts'
import { PLAYGROUND_FOLDER } from './playground.ts'
import { type StoredJobFields, storeJobs } from './stored-jobs.ts'

/**
 * A server whose jobs run until `finish`, and a client that makes jobs elsewhere than in the page.
 * @param stored jobs that the server has from the beginning
 */
export async function startGated(env: Record<string, string> = {}, stored: readonly StoredJobFields[] = []) {
  const gate = Promise.withResolvers<void>()
  const providers = [new ScriptedProvider(['some ', gate.promise, 'text'])]
  const { url, app } = await startServer({
    env: { ...env, ...(stored.length > 0 && { DATABASE_URL: await storeJobs(stored) }) },
    providers,
    config: { playgroundFolder: PLAYGROUND_FOLDER },
  })
  const clientOf = (apiKey?: string) => new PromptLabClient({ baseUrl: url, apiKey, retryDelayMs: 1 })
  const client = clientOf()
  return { url, app, client, clientOf, finish: gate.resolve }
}

export const jobOf = (prompt: string) => ({ prompt, provider: 'scripted', model: 'script-1' })

export const historyOf = (page: Page): Locator => page.getByRole('navigation', { name: 'History' })
export const linksOf = (page: Page): Locator => historyOf(page).getByRole('link')
export const searchOf = (page: Page): Locator => historyOf(page).getByRole('searchbox')

/** Waits until the row of a job shows its status. */
export async function untilShown(page: Page, prompt: string, status: JobStatus): Promise<void> {
  await linksOf(page).filter({ hasText: prompt }).filter({ hasText: status }).waitFor()
}

/** The questions of the rows, once there are as many as expected. */
export async function untilRows(page: Page, count: number): Promise<string[]> {
  return await vi.waitFor(
    async () => {
      const rows = await historyOf(page).locator('.excerpt').allTextContents()
      if (rows.length !== count) throw new Error(`There are ${rows.length} rows: ${rows.slice(0, 5)}`)
      return rows
    },
    { timeout: 10_000 },
  )
}

/** Opens the playground, and waits until it has asked for the jobs. `count` counts requests such as `GET /jobs`. */
export async function openPlayground(skip: TestContext['skip'], url: string) {
  const page = await openPage(skip)
  const requests = requestsOf(page)
  await page.goto(url)
  await vi.waitUntil(() => requests.includes('GET /jobs'), 10_000)
  return { page, requests, count: (wanted: string) => requests.filter((each) => each === wanted).length }
}

/** The requests of the page so far, as `GET /jobs`. */
function requestsOf(page: Page): string[] {
  const requests: string[] = []
  page.on('request', (request: Request) => {
    requests.push(`${request.method()} ${new URL(request.url()).pathname}`)
  })
  return requests
}

/** Opens the drawer of a narrow page, which stays open while the page becomes wider and narrower. */
export async function openDrawer(page: Page): Promise<void> {
  await page.setViewportSize({ width: 360, height: 800 })
  await page.getByRole('button', { name: 'History' }).click()
}
