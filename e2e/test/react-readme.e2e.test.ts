import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { startServer, temporaryFolder } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { build } from 'esbuild'
import { expect, it, type TestContext } from 'vitest'
import { openPage } from './chromium.ts'
import { runProgram } from './run-program.ts'
import { servePage } from './serve-page.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const NAMES = ['chat.tsx', 'last-answer.tsx', 'story.tsx', 'server.tsx'] as const

/** A page that shows a component of the README. */
const pageOf = (component: string, file: string, url: string) => `
  import { PromptLabProvider } from '@promptlab/react'
  import { createRoot } from 'react-dom/client'
  import { ${component} } from './${file}'
  createRoot(document.getElementById('root')!).render(<PromptLabProvider client="${url}"><${component} /></PromptLabProvider>)
`

/** Writes the code of the README into a folder, for the server of the test. */
async function writeSnippets(url: string): Promise<string> {
  const folder = await temporaryFolder()
  const readme = await readFile(join(ROOT, 'packages/react/README.md'), 'utf8')
  const snippets = [...readme.matchAll(/^```tsx\n(.*?)^```/gms)].map(([, code = '']) => code)
  expect(snippets).toHaveLength(NAMES.length)
  for (const [index, code] of snippets.entries())
    await writeFile(join(folder, NAMES[index] ?? ''), code.replaceAll('http://127.0.0.1:3000', url))
  await writeFile(join(folder, 'last-answer-page.tsx'), pageOf('LastAnswer', 'last-answer.tsx', url))
  await writeFile(join(folder, 'story-page.tsx'), pageOf('Story', 'story.tsx', url))
  await symlink(join(ROOT, 'e2e/react-page/node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      extends: join(ROOT, 'e2e/react-page/tsconfig.json'),
      include: ['*.tsx'],
    }),
  )
  return folder
}

async function bundle(folder: string, file: string, platform: 'browser' | 'node'): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, file)],
    conditions: ['@promptlab/source'],
    bundle: true,
    jsx: 'automatic',
    write: false,
    platform,
    format: 'esm',
    ...(platform === 'node' && {
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    }),
  })
  return outputFiles[0]?.text ?? ''
}

async function openSnippet(skip: TestContext['skip'], folder: string, file: string) {
  const script = await bundle(folder, file, 'browser')
  const document =
    '<!doctype html><title>Snippet</title><div id="root"></div><script type="module" src="/page.js"></script>'
  const page = await openPage(skip)
  await page.goto(await servePage(async (path) => (path === '/page.js' ? script : document)))
  return page
}

it('README of the hooks > its code compiles, chats, goes on by the address, writes a story, and renders on a server', async ({
  skip,
}) => {
  const { url } = await startServer({ env: { CORS_ORIGINS: '*' } })
  const folder = await writeSnippets(url)
  await runProgram('tsc', ['--project', folder])

  const chat = await openSnippet(skip, folder, 'chat.tsx')
  for (const text of ['One two', 'Three four']) {
    await chat.getByLabel('Message').fill(text)
    await chat.getByLabel('Message').press('Enter')
    await chat.getByText(`${text}: ${text}`).waitFor()
    await chat.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' })
  }

  const address = await openSnippet(skip, folder, 'last-answer-page.tsx')
  await address.getByRole('button', { name: 'Go on' }).click()
  await address.getByText('1: Once upon a time').waitFor()
  await address.waitForURL(({ hash }) => hash.length > 1)
  await address.reload()
  await address.getByText('1: Once upon a time').waitFor()

  const story = await openSnippet(skip, folder, 'story-page.tsx')
  await story.getByRole('button', { name: 'Write a story' }).click()
  await story.getByText('Once upon a time').waitFor()

  await writeFile(join(folder, 'server.mjs'), await bundle(folder, 'server.tsx', 'node'))
  const { render }: { render: (id: string) => string } = await import(pathToFileURL(join(folder, 'server.mjs')).href)
  const [job] = await Array.fromAsync(new PromptLabClient({ baseUrl: url }).list())
  expect(render(job?.id ?? '')).toContain('<article aria-busy="false"><p></p></article>')
}, 60_000)
