import { expect, it, onTestFinished, vi } from 'vitest'

/** Loads the file as a Node.js that lacks what it adds. */
async function loadWithout(): Promise<void> {
  const { withResolvers } = Promise
  const { groupBy } = Map
  Reflect.deleteProperty(Promise, 'withResolvers')
  Reflect.deleteProperty(Map, 'groupBy')
  onTestFinished(() => {
    Object.assign(Promise, { withResolvers })
    Object.assign(Map, { groupBy })
  })
  vi.resetModules()
  await import('./older-node.ts')
}

it('adds promises that are settled from outside, and groups of items, to a Node.js without them', async () => {
  const [ofNode, groupsOfNode] = [Promise.withResolvers, Map.groupBy]
  await loadWithout()
  expect(Promise.withResolvers).not.toBe(ofNode)
  const [kept, broken] = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
  kept.resolve('kept')
  broken.reject(new Error('broken'))
  await expect(kept.promise).resolves.toBe('kept')
  await expect(broken.promise).rejects.toThrow('broken')
  const parityOf = (item: number, index: number) => `${item % 2} ${index > 1}`
  expect(Map.groupBy).not.toBe(groupsOfNode)
  expect(Map.groupBy([1, 2, 3, 4, 5], parityOf)).toEqual(
    new Map([
      ['1 false', [1]],
      ['0 false', [2]],
      ['1 true', [3, 5]],
      ['0 true', [4]],
    ]),
  )
})
