import { expect, it } from 'vitest'
import { GroupCommit } from './group-commit.ts'

it('GroupCommit commits changes together that were submitted during another commit, in order', async () => {
  const gate = Promise.withResolvers<void>()
  const commits: string[][] = []
  const group = new GroupCommit<string>(async (changes) => {
    commits.push([...changes])
    await gate.promise
  })
  const first = group.submit('a')
  await Promise.resolve()
  await Promise.resolve()
  const others = ['b', 'c', 'd'].map((change) => group.submit(change))
  gate.resolve()
  await Promise.all([first, ...others])
  expect(commits.flat()).toEqual(['a', 'b', 'c', 'd'])
  expect(commits.length).toBeLessThanOrEqual(2)
})

it('GroupCommit rejects the changes of a failed commit and no others', async () => {
  const group = new GroupCommit<string>(async (changes) => {
    if (changes.includes('bad')) throw new Error('disk full')
  })
  await expect(group.submit('bad')).rejects.toThrow('disk full')
  await expect(group.submit('good')).resolves.toBeUndefined()
  await group.idle()
})
