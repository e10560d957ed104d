import { describe, expect, it } from 'vitest'
import { branchesOf } from './branches.ts'

const job = (id: string, previousJobId?: string) => ({
  id,
  previousJobId,
  createdAt: `2026-01-01T00:00:0${id.charCodeAt(0) - 97}.000Z`,
})

describe('branchesOf', () => {
  it('finds nothing in a conversation without branches', () => {
    expect(branchesOf([job('a'), job('b', 'a'), job('c', 'b')]).size).toBe(0)
  })

  it('finds the newest job of each branch, also when the first question was asked again', () => {
    const jobs = [job('d', 'a'), job('a'), job('c', 'b'), job('b', 'a'), job('e')]
    const branches = branchesOf(jobs)
    expect(branches.get('b')).toEqual({ ends: ['c', 'd'], index: 0 })
    expect(branches.get('d')).toEqual({ ends: ['c', 'd'], index: 1 })
    expect(branches.get('a')).toEqual({ ends: ['d', 'e'], index: 0 })
    expect(branches.get('e')).toEqual({ ends: ['d', 'e'], index: 1 })
    expect(branches.get('c')).toBeUndefined()
  })
})
