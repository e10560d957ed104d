import { expect, it } from 'vitest'
import { KnownBlocks } from './known-blocks.ts'

it('KnownBlocks reads a block once, and forgets those that were used longest ago when they take more than 16 MB', async () => {
  const reads: string[] = []
  const blocks = new KnownBlocks({
    async findItems(ids) {
      reads.push(...ids)
      return new Map([...ids].filter((id) => id !== 'gone').map((id) => [id, Buffer.alloc(4 * 1024 * 1024)]))
    },
  })
  const stored = { id: 'stored', bytes: Buffer.from('x') }
  expect(blocks.notStored([stored])).toEqual([stored])
  blocks.stored([stored])
  expect(blocks.notStored([stored])).toEqual([])
  expect([...(await blocks.findItems(['stored', 'a', 'gone'])).keys()]).toEqual(['stored', 'a'])
  expect(reads.splice(0)).toEqual(['a', 'gone'])
  await blocks.findItems(['b', 'c', 'a'])
  expect(reads.splice(0)).toEqual(['b', 'c'])
  await blocks.findItems(['d', 'e'])
  reads.length = 0
  await blocks.findItems(['b', 'e'])
  expect(reads.splice(0)).toEqual([])
  await blocks.findItems(['a'])
  expect(reads).toEqual(['a'])
})
