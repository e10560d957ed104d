import { fileURLToPath } from 'node:url'
import { ScriptedProvider, startServer } from '@promptlab/api/testing'
import type { Page } from 'playwright-core'

const FOLDER = fileURLToPath(new URL('../../apps/web/dist', import.meta.url))

interface PlaygroundOptions {
  env?: Record<string, string>
  /** The steps of a provider in the test's hands, beside or in place of the configured ones. */
  steps?: ConstructorParameters<typeof ScriptedProvider>[0]
  /** A provider in the test's hands, likewise. */
  provider?: ScriptedProvider
}

/** A server that serves the playground. */
export async function startPlayground({ env = {}, steps, provider }: PlaygroundOptions = {}): Promise<string> {
  const provided = steps ? new ScriptedProvider(steps) : provider
  const { url } = await startServer({
    env,
    config: { playgroundFolder: FOLDER },
    ...(provided && { providers: [provided] }),
  })
  return url
}

/** Writes the prompt and runs it by keyboard. */
export async function runPrompt(page: Page, prompt: string): Promise<void> {
  await page.getByLabel('Prompt').fill(prompt)
  await page.keyboard.press('Control+Enter')
}
