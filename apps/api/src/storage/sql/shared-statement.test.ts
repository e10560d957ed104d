import { expect, it } from 'vitest'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import { SharedStatement } from './shared-statement.ts'

/** A statement whose executions the test ends. */
function gated({
  maxUnderWay = 1,
  sizeOf = () => 1,
}: {
  maxUnderWay?: number
  sizeOf?: (item: string) => number
} = {}) {
  const executions: { readonly items: readonly string[]; readonly end: (error?: Error) => void }[] = []
  const statement = new SharedStatement<string, string>({
    execute: (items) => {
      const ended = Promise.withResolvers<string[]>()
      const end = (error?: Error) => (error ? ended.reject(error) : ended.resolve(items.map((item) => `done: ${item}`)))
      executions.push({ items, end })
      return ended.promise
    },
    keyOf: (item) => item.slice(0, 1),
    sizeOf,
    maxUnderWay,
  })
  /** Ends the latest execution, and lets the next one begin. */
  const endLatest = async (error?: Error) => {
    executions.at(-1)?.end(error)
    await new Promise(setImmediate)
  }
  return { statement, items: () => executions.map((execution) => execution.items), endLatest }
}

it('SharedStatement executes an item at once, and the items that come meanwhile together', async () => {
  const { statement, items, endLatest } = gated()
  const results = ['a', 'b', 'c'].map((item) => statement.execute(item))
  expect(items()).toEqual([['a']])
  await endLatest()
  expect(items()).toEqual([['a'], ['b', 'c']])
  await endLatest()
  expect(await Promise.all(results)).toEqual(['done: a', 'done: b', 'done: c'])
})

it('SharedStatement executes two items of one key one after the other, in their order', async () => {
  const { statement, items, endLatest } = gated({ maxUnderWay: 2 })
  for (const item of ['a1', 'b1', 'a2', 'a3', 'b2']) void statement.execute(item)
  expect(items()).toEqual([['a1'], ['b1']])
  await endLatest()
  expect(items().slice(2)).toEqual([['b2']])
})

it('SharedStatement bounds what one execution sends, but an item alone may be larger', async () => {
  const { statement, items, endLatest } = gated({ sizeOf: (item) => (item === 'c' ? 9_000_000 : 900_000) })
  for (const item of ['a', 'b', 'c', 'd', 'e']) void statement.execute(item)
  for (let count = 0; count < 4; count++) await endLatest()
  expect(items()).toEqual([['a'], ['b', 'd'], ['c'], ['e']])
})

it('SharedStatement executes items that failed together one by one, so that only the one at fault fails', async () => {
  const { statement, items, endLatest } = gated()
  void statement.execute('first')
  const results = Promise.allSettled(['a', 'b'].map((item) => statement.execute(item)))
  await endLatest()
  await endLatest(new Error('one of them'))
  expect(items().slice(2)).toEqual([['a']])
  await endLatest(new Error('a'))
  await endLatest()
  expect(await results).toEqual([
    { status: 'rejected', reason: new Error('a') },
    { status: 'fulfilled', value: 'done: b' },
  ])
})

it('SharedStatement executes nothing again when the database did not answer: it may have been executed', async () => {
  const { statement, items, endLatest } = gated()
  void statement.execute('first')
  const results = Promise.allSettled(['a', 'b'].map((item) => statement.execute(item)))
  await endLatest()
  await endLatest(new StorageUnavailableError())
  expect(items()).toEqual([['first'], ['a', 'b']])
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
})
