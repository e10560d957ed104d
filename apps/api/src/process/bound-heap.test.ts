import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'

const MODULE = fileURLToPath(new URL('./bound-heap.ts', import.meta.url))

/** The size of the young generation of a process after many objects have survived in it, in MB. */
async function sizeAfterLoad(options: readonly string[], before = ''): Promise<number> {
  const program = `
    ${before}
    const { boundHeap } = await import(${JSON.stringify(MODULE)})
    const { getHeapSpaceStatistics } = await import('node:v8')
    boundHeap(${JSON.stringify(options)})
    const survivors = []
    for (let index = 0; index < 2_000_000; index++) survivors.push({ index })
    console.log(getHeapSpaceStatistics().find((space) => space.space_name === 'new_space').space_size)`
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program])
  // Some pages of 256 KB more may be there for a moment.
  return Math.floor(Number(stdout) / 1024 / 1024)
}

describe('the young generation of the heap', () => {
  it('grows to 16 MB and not further', async () => {
    expect(await sizeAfterLoad([])).toBe(16)
  })

  it.each([10_000, 50_000, 100_000, 150_000])(
    'does not grow further when %i objects were made before',
    async (count) => {
      const before = `const loaded = []; for (let index = 0; index < ${count}; index++) loaded.push({ index })`
      const size = await sizeAfterLoad([], before)
      expect(size).toBeGreaterThanOrEqual(8)
      expect(size).toBeLessThanOrEqual(16)
    },
  )

  it('has the size that the options of Node.js say', async () => {
    expect(await sizeAfterLoad(['--max-semi-space-size=64'])).toBeGreaterThan(16)
  })
})
