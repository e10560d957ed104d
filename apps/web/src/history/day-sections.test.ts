import { describe, expect, it } from 'vitest'
import { sectionsOf } from './day-sections.ts'
import { groupsOf, type JobGroup } from './job-groups.ts'

/** Rows of one job each, newest first, `hours` apart. */
function rows(count: number, hours: number): readonly JobGroup[] {
  return groupsOf(
    Array.from({ length: count }, (_, index) => {
      const at = new Date(new Date(2026, 10, 27, 23).getTime() - index * hours * 3_600_000).toISOString()
      const links = { self: '', cancel: '', stream: '' }
      const known = { prompt: 'Go', promptLength: 2, provider: 'echo', model: 'echo', links }
      return { id: crypto.randomUUID(), status: 'pending', createdAt: at, updatedAt: at, ...known }
    }),
  )
}

const rowsOf = (sections: ReturnType<typeof sectionsOf>) =>
  sections.flatMap(({ chunks }) => chunks.flatMap(({ groups }) => groups))

describe('day sections', () => {
  it('divide rows by the days of the user, in their order', () => {
    const groups = rows(6, 10)
    const sections = sectionsOf(groups)
    expect(sections.map(({ day }) => new Date(day).getDate())).toEqual([27, 26, 25])
    expect(sections.map(({ day }) => new Date(day).getHours())).toEqual([0, 0, 0])
    expect(sections.map(({ chunks }) => chunks.flatMap((chunk) => chunk.groups).length)).toEqual([3, 2, 1])
    expect(rowsOf(sections)).toEqual(groups)
  })

  it('divide a day into chunks of which one or two change when a row comes, moves or goes', () => {
    const groups = rows(4_000, 0.001)
    const before = sectionsOf(groups)
    const count = before.flatMap(({ chunks }) => chunks).length
    expect(count).toBeGreaterThan(60)
    expect(count).toBeLessThan(250)
    const [row] = rows(1, 1)
    if (!row) throw new Error('There is no row.')
    const moved = groups[2_000] ?? row
    for (const next of [
      [row, ...groups],
      groups.toSpliced(2_000, 1),
      groups.toSpliced(2_000, 1, { ...row, key: moved.key }),
      [moved, ...groups.toSpliced(2_000, 1)],
    ]) {
      const after = sectionsOf(next, before)
      expect(rowsOf(after)).toEqual(next)
      const earlier = new Set(before.flatMap(({ chunks }) => chunks))
      const changed = after.flatMap(({ chunks }) => chunks).filter((chunk) => !earlier.has(chunk))
      expect(changed.length).toBeLessThanOrEqual(3)
      const keys = after.flatMap(({ chunks }) => chunks.map(({ key }) => key))
      expect(new Set(keys).size).toBe(keys.length)
    }
  })
})
