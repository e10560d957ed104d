import { build } from 'esbuild'
import type { Page } from 'playwright-core'

declare global {
  /** The client, in a page that was given to `addClient`. */
  const promptlab: typeof import('@promptlab/client')
}

/** Defines the global `promptlab`, the client, in a page. */
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
  // Not a script element: the content security policy forbids inline scripts.
  await page.evaluate(outputFiles[0]?.text ?? '')
}
