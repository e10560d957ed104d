import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const API = 'apps/api/src'

/**
 * The layers of `apps/api/src`, lowest first. A folder or file may import from lower layers only: not from a higher layer, and
 * not from another name in its own.
 */
const LAYERS: readonly (readonly string[])[] = [
  ['base'],
  ['jobs', 'redis'],
  ['storage', 'queue', 'token-log', 'feed', 'monitoring', 'prices', 'webhooks'],
  ['http'],
  ['doors'],
  ['config', 'stores.ts'],
  ['process', 'build-app.ts'],
  ['dependencies.ts'],
  ['commands', 'server.ts'],
  ['main.ts'],
  ['promptlab.ts'],
]

/** Rules that the order of the layers cannot express. */
const MAY_NOT_IMPORT: readonly { from: RegExp; to: RegExp; why: string }[] = [
  {
    from: /^apps\/api\/src\/(?!dependencies\.ts$|stores\.ts$|storage\/|queue\/|token-log\/|feed\/|redis\/|monitoring\/|webhooks\/)/,
    to: /^apps\/api\/src\/(storage\/(?!store-location|store-open-error|import-error|job-import)|queue|token-log|feed|redis|monitoring\/tracing|webhooks)\/|^(ioredis|bullmq|pg|better-sqlite3|kysely|lowdb)$/,
    why: 'only dependencies.ts and stores.ts name adapters',
  },
  {
    from: /^apps\/api\/src\/(?!config\/vendor-settings\.ts$)/,
    to: /^@promptlab\/providers\//,
    why: 'only config/vendor-settings.ts knows the table of vendors',
  },
  {
    from: /^(?!apps\/api\/src\/monitoring\/tracing\/)/,
    to: /^@opentelemetry\//,
    why: 'only the adapter in monitoring/tracing knows OpenTelemetry',
  },
  {
    from: /^(?!apps\/api\/src\/prices\/)/,
    to: /^@pydantic\/genai-prices$/,
    why: 'only prices knows the table of prices',
  },
  {
    from: /^(?!apps\/api\/src\/webhooks\/)/,
    to: /^ipaddr\.js$/,
    why: 'only webhooks checks addresses',
  },
  {
    from: /^(?!apps\/api\/src\/monitoring\/)/,
    to: /^prom-client$/,
    why: 'only monitoring knows Prometheus',
  },
  {
    from: /^apps\/api\/src\/(base|jobs|storage|queue|token-log|feed|redis|webhooks)\//,
    to: /^fastify|^@fastify/,
    why: 'the domain and its adapters do not know HTTP',
  },
  { from: /^packages\//, to: /^@promptlab\/api|^apps\//, why: 'packages never import apps' },
  { from: /^packages\/contract\//, to: /^(?!zod$|packages\/contract\/)/, why: 'the contract stands alone' },
  {
    from: /^packages\/client\/(?!src\/ai-sdk\/)/,
    to: /^(?!packages\/client\/)/,
    why: 'the client needs only what browsers have',
  },
  {
    from: /^packages\/client\/src\/ai-sdk\//,
    to: /^(?!ai$|packages\/client\/)/,
    why: 'the entry for the AI SDK needs the client and the types of `ai`',
  },
  {
    from: /^packages\/react\//,
    to: /^(?!react$|@promptlab\/client$|packages\/react\/)/,
    why: 'the hooks need React and the client',
  },
]

/** The files in which programs start. Only they use `process`. */
const PROGRAM = /^apps\/api\/src\/((?:main|promptlab|server)\.ts|commands\/[\w-]+\.ts|config\/environment-file\.ts)$/

/** Has programs as text, which use `process` where they run. */
const PROGRAMS_AS_TEXT = 'apps/web/src/chat/request-code.ts'

async function sourceFiles(): Promise<string[]> {
  const files: string[] = []
  for (const folder of ['apps', 'packages']) {
    for (const entry of await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
      const file = relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/')
      if (entry.isFile() && /^(apps|packages)\/[^/]+\/src\/.*(?<!\.test)\.tsx?$/.test(file)) files.push(file)
    }
  }
  return files
}

async function importsOf(file: string): Promise<string[]> {
  const source = await readFile(join(ROOT, file), 'utf8')
  return [...source.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, target = '']) =>
    target.startsWith('.') ? join(dirname(file), target).split(sep).join('/') : target,
  )
}

/** Every import of a source file, as the path from the root of the repository or the name of a package. */
async function everyImport(): Promise<{ file: string; target: string }[]> {
  const files = await sourceFiles()
  expect(files.length).toBeGreaterThan(100)
  const imports = await Promise.all(
    files.map(async (file) => (await importsOf(file)).map((target) => ({ file, target }))),
  )
  return imports.flat()
}

/** The layer of a file of the API, from 0. -1 if it is in no layer. */
function layerOf(file: string): number {
  const [name = ''] = file.slice(API.length + 1).split('/')
  return LAYERS.findIndex((layer) => layer.includes(name))
}

it('every file of the API is in a layer and imports only from lower layers', async () => {
  const wrong: string[] = []
  for (const { file, target } of await everyImport()) {
    if (!file.startsWith(`${API}/`)) continue
    if (layerOf(file) === -1) wrong.push(`${file} is in no layer`)
    if (!target.startsWith(`${API}/`)) continue
    const isSameName = file.split('/')[3] === target.split('/')[3]
    if (!isSameName && layerOf(target) >= layerOf(file)) wrong.push(`${file} imports ${target}, which is not below it`)
  }
  expect(wrong).toEqual([])
})

it('no files or folders beside each other import each other in a circle', async () => {
  const neighbours = new Map<string, Map<string, Set<string>>>()
  for (const { file, target } of await everyImport()) {
    if (!/^(apps|packages)\//.test(target)) continue
    const [from, to] = [file.split('/'), target.split('/')]
    const depth = from.findIndex((part, index) => part !== to[index])
    if (depth === -1) continue
    const folder = from.slice(0, depth).join('/')
    const imports = neighbours.get(folder) ?? new Map<string, Set<string>>()
    neighbours.set(folder, imports)
    const names = imports.get(from[depth] ?? '') ?? new Set()
    imports.set(from[depth] ?? '', names.add(to[depth] ?? ''))
  }
  const circles = [...neighbours].flatMap(([folder, imports]) => {
    const circle = circleIn(imports)
    return circle ? [`${folder}: ${circle.join(' → ')}`] : []
  })
  expect(circles).toEqual([])
})

/** The names in a circle, or undefined if there is none. */
function circleIn(imports: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const isDone = new Set<string>()
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name]
    if (isDone.has(name)) return undefined
    for (const next of imports.get(name) ?? []) {
      const circle = visit(next, [...path, name])
      if (circle) return circle
    }
    isDone.add(name)
    return undefined
  }
  for (const name of imports.keys()) {
    const circle = visit(name, [])
    if (circle) return circle
  }
  return undefined
}

it('vendors, adapters and frameworks are imported only where the rules allow it', async () => {
  const wrong: string[] = []
  for (const { file, target } of await everyImport()) {
    for (const { from, to, why } of MAY_NOT_IMPORT) {
      if (from.test(file) && to.test(target)) wrong.push(`${file} imports ${target}: ${why}`)
    }
    const home = file.split('/').slice(0, 2).join('/')
    if (/^(apps|packages)\//.test(target) && !target.startsWith(`${home}/`)) {
      wrong.push(`${file} imports ${target}: other packages are imported by name`)
    }
  }
  expect(wrong).toEqual([])
})

it('only programs use `process`', async () => {
  const wrong: string[] = []
  for (const file of await sourceFiles()) {
    const source = await readFile(join(ROOT, file), 'utf8')
    if (
      file !== PROGRAMS_AS_TEXT &&
      !PROGRAM.test(file) &&
      /\bprocess\.(env|exit|on|argv|stdout|stderr|loadEnvFile)\b/.test(source)
    )
      wrong.push(file)
  }
  expect(wrong).toEqual([])
})

it('at most six files are in apps/api/src itself, outside its folders', async () => {
  const entries = await readdir(join(ROOT, API), { withFileTypes: true })
  expect(entries.filter((entry) => entry.isFile()).length).toBeLessThanOrEqual(6)
})
