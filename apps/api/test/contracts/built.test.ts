import { readdir, readFile } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { INCLUDED } from '../../bundle.ts'

const BUILT = new URL('../../dist/', import.meta.url)

async function builtFiles(): Promise<{ name: string; text: string }[]> {
  const names = await readdir(BUILT, { recursive: true })
  return await Promise.all(
    names
      .filter((name) => name.endsWith('.js'))
      .map(async (name) => ({ name, text: await readFile(new URL(name, BUILT), 'utf8') })),
  )
}

it('the built programs are ASCII, because V8 keeps a source with any other character in twice the memory', async () => {
  const files = await builtFiles()
  expect(files.length).toBeGreaterThan(10)
  expect(files.filter(({ text }) => /[^\p{ASCII}]/u.test(text)).map(({ name }) => name)).toEqual([])
})

it('the built programs ask for none of the packages that are a part of them', async () => {
  const asked = new RegExp(`(?:from|import|require)\\s*\\(?\\s*["'](?:${INCLUDED.join('|')})["'/]`)
  const files = await builtFiles()
  expect(files.filter(({ text }) => asked.test(text)).map(({ name }) => name)).toEqual([])
})
