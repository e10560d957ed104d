import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { onTestFinished, type TestContext } from 'vitest'

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']

let running: Promise<Browser> | undefined

/**
 * Opens a new page in a real browser and closes it when the test ends. An uncaught error in the page fails the test. When a test
 * fails, it prints what the page showed and which requests failed.
 */
export async function openPage(skip: TestContext['skip'], options: BrowserContextOptions = {}): Promise<Page> {
  const executablePath = CHROMIUM.find((path) => existsSync(path))
  if (!executablePath) {
    if (process.env['CI']) throw new Error('Chromium is not installed')
    skip('Chromium is not installed; install it (Debian: apt-get install chromium) to include this test')
  }
  running ??= launch(executablePath ?? '')
  const context = await (await running).newContext(options)
  const page = await context.newPage()
  const errors: Error[] = []
  page.on('pageerror', (error) => errors.push(error))
  const failedRequests: string[] = []
  page.on('requestfailed', (request) =>
    failedRequests.push(`${request.method()} ${request.url()} ${request.failure()?.errorText}`),
  )
  onTestFinished(async ({ task }) => {
    if (task.result?.state === 'fail') process.stderr.write(`${[await shownIn(page), ...failedRequests].join('\n')}\n`)
    await context.close()
    if (errors[0]) throw errors[0]
  })
  return page
}

/** The address of a page, and what is on it. */
async function shownIn(page: Page): Promise<string> {
  const text = await page
    .locator('body')
    .ariaSnapshot({ timeout: 2_000 })
    .catch((error: unknown) => `nothing: ${error}`)
  return `The page ${page.url()} shows:\n${text}`
}

/** Starts the browser that all tests of a file share. It ends with the worker that runs the file. */
function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // The sites that tests make up are on this machine.
      '--host-resolver-rules=MAP *.example 127.0.0.1',
    ],
  })
}
