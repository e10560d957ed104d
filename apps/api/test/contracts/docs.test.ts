import { existsSync } from 'node:fs'
import { glob, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))

/** Every page of the repository, as a path from its root. */
async function pages(): Promise<string[]> {
  const exclude = (path: string) => /(?:^|\/)(?:node_modules|dist)$/.test(path)
  const paths: string[] = []
  for await (const path of glob('**/*.md', { cwd: ROOT, exclude })) paths.push(path)
  return paths
}

const read = (path: string) => readFile(join(ROOT, path), 'utf8')

/** The addresses of the headings of a page, as GitHub makes them. */
function anchorsOf(markdown: string): Set<string> {
  const headings = [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

it('no link between pages and files is broken', async () => {
  const broken: string[] = []
  for (const page of await pages()) {
    const links = [...(await read(page)).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
    for (const [link, path = '', anchor] of links) {
      const target = path === '' ? page : join(dirname(page), path)
      const isThere = existsSync(join(ROOT, target))
      if (!isThere || (anchor !== undefined && !anchorsOf(await read(target)).has(anchor)))
        broken.push(`${page}: ${link.slice(1)}`)
    }
  }
  expect(broken).toEqual([])
})

it('docs/conventions.md shows code that the files it names have', async () => {
  const page = await read('docs/conventions.md')
  const examples = [...page.matchAll(/^```\w+\n\/\/ (\S+)\n(.*?)^```$/gms)]
  expect(examples.length).toBeGreaterThan(10)
  expect(examples.length).toBe(page.match(/^```\w+$/gm)?.length)
  const outdated: string[] = []
  for (const [, path = '', code = ''] of examples) {
    const file = existsSync(join(ROOT, path)) ? await read(path) : ''
    if (!file.includes(code)) outdated.push(`${path} has no\n${code}`)
  }
  expect(outdated).toEqual([])
})
