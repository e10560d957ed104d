import { build } from 'esbuild'
import type { Page } from 'playwright-core'

declare global {
  /** The client, in a page that `addClient` was called for. */
  const promptlab: typeof import('@promptlab/client')
}

/** Gives a page the client. */
export async function addClient(page: Page): Promise<void> {
  const { outputFiles } = await build({
    stdin: { contents: "export * from '@promptlab/client'", resolveDir: import.meta.dirname },
    conditions: ['@promptlab/source'],
    bundle: true,
    format: 'iife',
    globalName: 'promptlab',
    platform: 'browser',
    write: false,
  })
  // Not a script of the page: its policy allows none that is inline.
  await page.evaluate(outputFiles[0]?.text ?? '')
}
