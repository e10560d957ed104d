import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { temporaryFolder } from '@promptlab/api/testing'
import type { PromptLabClient } from '@promptlab/client'
import { build } from 'esbuild'
import { servePage } from './serve-page.ts'

/** The versions of React that the hooks are for. */
export const REACT_VERSIONS = [18, 19] as const
type ReactVersion = (typeof REACT_VERSIONS)[number]

const PAGE = fileURLToPath(new URL('../react-page/', import.meta.url))

interface PageProps {
  readonly client: PromptLabClient | string
  readonly probe: 'job' | 'chat'
  readonly id: string | undefined
}

/**
 * Serves the page of the hooks, made with a version of React. Returns its address.
 * @param html what a server has made of the page
 */
export async function startReactPage(version: ReactVersion, html = ''): Promise<string> {
  const script = await bundleOnce('browser.tsx', version)
  const document = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Hooks</title><div id="root">${html}</div><script src="/page.js"></script></html>`
  return await servePage(async (path) => (path === '/page.js' ? script : document))
}

/** What a server with a version of React makes of the page. */
export async function renderOnServer(version: ReactVersion, props: PageProps): Promise<string> {
  const file = join(await temporaryFolder(), 'server.mjs')
  await writeFile(file, await bundleOnce('server.tsx', version))
  const { render }: { render: (props: PageProps) => string } = await import(pathToFileURL(file).href)
  return render(props)
}

const bundles = new Map<string, Promise<string>>()

function bundleOnce(entry: 'browser.tsx' | 'server.tsx', version: ReactVersion): Promise<string> {
  const name = `${entry} ${version}`
  const bundled = bundles.get(name) ?? bundle(entry, version)
  bundles.set(name, bundled)
  return bundled
}

async function bundle(entry: 'browser.tsx' | 'server.tsx', version: ReactVersion): Promise<string> {
  const isServer = entry === 'server.tsx'
  const { outputFiles } = await build({
    // Where aliases are looked up.
    absWorkingDir: PAGE,
    entryPoints: [PAGE + entry],
    conditions: ['@promptlab/source'],
    bundle: true,
    jsx: 'automatic',
    write: false,
    platform: isServer ? 'node' : 'browser',
    format: isServer ? 'esm' : 'iife',
    // The development build of React warns of what is wrong.
    define: { 'process.env.NODE_ENV': '"development"' },
    ...(version === 18 && { alias: { react: 'react-18', 'react-dom': 'react-dom-18' } }),
    // The code of React for servers calls `require`, which a module does not have.
    ...(isServer && {
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    }),
  })
  return outputFiles[0]?.text ?? ''
}
