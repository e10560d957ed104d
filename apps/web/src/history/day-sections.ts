import type { JobGroup } from './job-groups.ts'

/** The rows of one day. */
export interface DaySection {
  /** Where the day begins, in milliseconds since the epoch. */
  readonly day: number
  readonly chunks: readonly RowChunk[]
}

/** Rows that the page lays out and renders together. */
export interface RowChunk {
  readonly key: string
  readonly groups: readonly JobGroup[]
}

/** One row of this many begins a chunk. */
const CHUNK = 32
/** So many characters of a key decide whether its row does. */
const HASHED = 8

/**
 * Divides rows into days of the user's time zone and into chunks. The chunks go by the keys of their rows, not by numbers, so a
 * row that comes, moves or goes changes one or two of them.
 * @param before the sections of earlier rows. Chunks with the same rows stay the same objects
 */
export function sectionsOf(groups: readonly JobGroup[], before: readonly DaySection[] = []): readonly DaySection[] {
  const known = new Map(before.flatMap(({ chunks }) => chunks).map((chunk) => [chunk.key, chunk]))
  const sections: { day: number; chunks: { key: string; groups: JobGroup[] }[] }[] = []
  let from = ''
  for (const group of groups) {
    const createdAt = group.jobs[0]?.createdAt ?? ''
    let section = sections.at(-1)
    if (!section || createdAt < from) {
      const day = startOfDay(createdAt)
      from = new Date(day).toISOString()
      section = { day, chunks: [{ key: `day ${day}`, groups: [] }] }
      sections.push(section)
    } else if (beginsChunk(group.key)) section.chunks.push({ key: group.key, groups: [] })
    section.chunks.at(-1)?.groups.push(group)
  }
  return sections.map(({ day, chunks }) => ({
    day,
    chunks: chunks.map((chunk) => {
      const earlier = known.get(chunk.key)
      return earlier && isSame(earlier.groups, chunk.groups) ? earlier : chunk
    }),
  }))
}

/** By the end of a key, which is the random part of an id. */
function beginsChunk(key: string): boolean {
  let hash = 0
  for (let index = Math.max(0, key.length - HASHED); index < key.length; index++)
    hash = (hash * 31 + key.charCodeAt(index)) | 0
  // The low bits of such a hash depend on the low bits of the characters alone.
  return (hash ^ (hash >>> 15)) % CHUNK === 0
}

function startOfDay(at: string): number {
  return new Date(at).setHours(0, 0, 0, 0)
}

function isSame(some: readonly JobGroup[], others: readonly JobGroup[]): boolean {
  return some.length === others.length && some.every((each, index) => each === others[index])
}
