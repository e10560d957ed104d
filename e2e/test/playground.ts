import { fileURLToPath } from 'node:url'
import { ScriptedProvider, startServer, startVendorServer } from '@promptlab/api/testing'
import type { Page } from 'playwright-core'

/** The built playground. */
export const PLAYGROUND_FOLDER = fileURLToPath(new URL('../../apps/web/dist', import.meta.url))

interface PlaygroundOptions {
  env?: Record<string, string>
  /** The steps of a scripted provider, which replaces the configured providers. */
  steps?: ConstructorParameters<typeof ScriptedProvider>[0]
  /** A scripted provider that replaces the configured providers. */
  provider?: ScriptedProvider
}

/** Starts a server that serves the playground. Returns its address. */
export async function startPlayground({ env = {}, steps, provider }: PlaygroundOptions = {}): Promise<string> {
  const provided = steps ? new ScriptedProvider(steps) : provider
  const { url } = await startServer({
    env,
    config: { playgroundFolder: PLAYGROUND_FOLDER },
    ...(provided && { providers: [provided] }),
  })
  return url
}

/** Starts a server that serves the playground, with a vendor that the test controls. Its model is `gpt-4` of `openai`. */
export function startVendorPlayground(): ReturnType<typeof startVendorServer> {
  return startVendorServer({ OPENAI_MODELS: 'gpt-4' }, { playgroundFolder: PLAYGROUND_FOLDER })
}

/** Types the prompt and presses Ctrl+Enter, once the page can run it. */
export async function runPrompt(page: Page, prompt: string): Promise<void> {
  // Before the page knows the models, it ignores the keys.
  await page.locator('button.primary:enabled').waitFor()
  await page.getByLabel('Prompt').fill(prompt)
  await page.keyboard.press('Control+Enter')
}

/** Chooses another model for a chip of the composer, by a part of its name. */
export async function chooseModel(page: Page, name: string, number = 1): Promise<void> {
  await page.getByRole('button', { name: `Model ${number}:` }).click()
  await pick(page, name)
}

/** Adds a model to those that are asked, by a part of its name; without one, the last of them again. */
export async function addModel(page: Page, name = ''): Promise<void> {
  await page.getByRole('button', { name: '+ Add model' }).click()
  await pick(page, name)
}

async function pick(page: Page, name: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Find a model' }).fill(name)
  await page.keyboard.press('Enter')
}
