import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const RUN = /^apps\/api\/src\/(main|migrate|import-jobs|new-key)\.ts$/
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

/** Imports run `main → build-app → routes → service → ports ← adapters`; packages never import apps. */
const MAY_NOT_IMPORT: readonly { from: RegExp; to: RegExp; why: string }[] = [
  {
    from: /^apps\/api\/src\/(?!dependencies\.ts$|stores\.ts$|storage\/|queue\/|token-log\/|redis\/|tracing\/)/,
    to: /^apps\/api\/src\/(storage\/(?!store-open-error|import-error|job-import)|queue|token-log|redis|tracing)\/|^(ioredis|bullmq)$/,
    why: 'only dependencies.ts, and stores.ts for it, name adapters',
  },
  {
    from: /^apps\/api\/src\/(?!dependencies\.ts$|environment\.ts$)/,
    to: /^@promptlab\/providers\//,
    why: 'only dependencies.ts names vendors',
  },
  {
    from: /^(?!apps\/api\/src\/tracing\/)/,
    to: /^@opentelemetry\//,
    why: 'only the adapter in tracing knows OpenTelemetry',
  },
  {
    from: /^apps\/api\/src\/(storage|queue|token-log|redis|tracing)\//,
    to: /^apps\/api\/src\/(http|build-app|main|config|dependencies)|-(routes|service|runner)\.ts$/,
    why: 'adapters know their port, not those who use it',
  },
  {
    from: /^apps\/api\/src\/jobs\/(?!.*-routes\.ts$)/,
    to: /^fastify|^@fastify|^apps\/api\/src\/(http|build-app|main|config|dependencies)/,
    why: 'the domain knows nothing of HTTP',
  },
  {
    from: /^apps\/api\/src\/(?!main\.ts$)/,
    to: /^apps\/api\/src\/(main|dependencies)\.ts$/,
    why: 'main.ts composes, nobody imports it',
  },
  { from: /^packages\//, to: /^@promptlab\/api|^apps\//, why: 'packages never import apps' },
  { from: /^packages\/contract\//, to: /^(?!zod$|packages\/contract\/)/, why: 'the contract stands alone' },
  {
    from: /^packages\/client\//,
    to: /^(?!packages\/client\/)/,
    why: 'the client needs nothing but what browsers have',
  },
]

async function sourceFiles(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts'))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .filter((file) => /^(apps|packages)\/[^/]+\/src\//.test(file))
}

async function importsOf(file: string): Promise<string[]> {
  const source = await readFile(join(ROOT, file), 'utf8')
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) =>
    target.startsWith('.') ? join(dirname(file), target).split(sep).join('/') : target,
  )
}

it('imports run in the direction of the architecture', async () => {
  const files = [...(await sourceFiles('apps')), ...(await sourceFiles('packages'))]
  expect(files.length).toBeGreaterThan(30)
  const wrong: string[] = []
  for (const file of files) {
    for (const target of await importsOf(file)) {
      for (const { from, to, why } of MAY_NOT_IMPORT) {
        if (from.test(file) && to.test(target)) wrong.push(`${file} imports ${target}: ${why}`)
      }
      const home = file.split('/').slice(0, 2).join('/')
      if (/^(apps|packages)\//.test(target) && !target.startsWith(`${home}/`)) {
        wrong.push(`${file} imports ${target}: other packages are imported by name`)
      }
    }
  }
  expect(wrong).toEqual([])
})

it('only what is run touches the process', async () => {
  const files = [...(await sourceFiles('apps')), ...(await sourceFiles('packages'))]
  const wrong: string[] = []
  for (const file of files) {
    const source = await readFile(join(ROOT, file), 'utf8')
    if (!RUN.test(file) && /\bprocess\.(env|exit|on|argv|stdout|stderr)\b/.test(source)) wrong.push(file)
  }
  expect(wrong).toEqual([])
})
