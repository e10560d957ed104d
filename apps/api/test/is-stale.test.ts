import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { isStale } from '../../is-stale.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

/** Writes an empty file that was changed at a time, in seconds since the epoch. */
async function writeAt(path: string, time: number): Promise<void> {
  await writeFile(path, '')
  await utimes(path, time, time)
}

it('isStale tells that something is missing, or older than any file of its sources', async () => {
  const folder = await temporaryFolder()
  const [built, manifest, sources] = ['built', 'package.json', 'src'].map((name) => join(folder, name))
  if (!built || !manifest || !sources) throw new Error('There are three paths.')
  await mkdir(join(sources, 'deep'), { recursive: true })
  await writeAt(manifest, 100)
  await writeAt(join(sources, 'deep', 'file.ts'), 100)
  expect(await isStale(built, [manifest, sources])).toBe(true)
  await writeAt(built, 200)
  expect(await isStale(built, [manifest, sources])).toBe(false)
  await writeAt(join(sources, 'deep', 'file.ts'), 300)
  expect(await isStale(built, [manifest, sources])).toBe(true)
  expect(await isStale(built, [manifest])).toBe(false)
})
