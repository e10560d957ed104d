import { setImmediate } from 'node:timers/promises'
import type { FoundJobs, JobPosition, JobSearch } from '../../../jobs/ports/stored-values.ts'
import { searchFor } from './encoded-words.ts'
import type { JobEntry } from './job-entry.ts'
import { listedBy } from './listed-by.ts'
import type { StoredJobs } from './stored-jobs.ts'

/** How long the search holds up the process at a time, in milliseconds. A long text may take some more. */
const SLICE_MS = 5
/** So many jobs are looked at by their filters at once. */
const PER_BATCH = 256
/** A page ends where it had to find the words of more texts, in bytes of lines: some 100 ms. */
const MAX_READ = 4_000_000

/** Searches jobs, as `JobRepository.search` says. Others may change the store meanwhile. */
export async function searchJobs(stored: StoredJobs, query: JobSearch): Promise<FoundJobs> {
  const hasWords = searchFor(query.words)
  const found: JobEntry[] = []
  let goesOnAt: JobPosition | undefined
  let read = 0
  let sliceEnd = performance.now() + SLICE_MS
  for (const entry of listedEntries(stored, query)) {
    if (found.length === query.limit || read > MAX_READ) return { jobs: found.map(({ summary }) => summary), goesOnAt }
    if (entry.endedAt === undefined || entry.lacksWords) read += entry.bytes
    if (hasWords(entry.words)) found.push(entry)
    goesOnAt = entry
    if (performance.now() < sliceEnd) continue
    await setImmediate()
    sliceEnd = performance.now() + SLICE_MS
  }
  return { jobs: found.map(({ summary }) => summary) }
}

/** The jobs of a list, newest first. */
function* listedEntries(stored: StoredJobs, query: JobSearch): Generator<JobEntry> {
  const isListed = listedBy(query)
  let batch: JobEntry[]
  let { after } = query
  do {
    batch = stored.newest(PER_BATCH, after, isListed)
    yield* batch
    after = batch.at(-1)
  } while (batch.length === PER_BATCH)
}

/**
 * Keeps the words of jobs that have ended, newest first.
 * @param after where an earlier call ended
 * @returns where the next call goes on; undefined if all words are kept
 */
export function keepWords(stored: StoredJobs, after: JobPosition | undefined, limit: number): JobPosition | undefined {
  const sliceEnd = performance.now() + SLICE_MS
  const entries = stored.newest(limit, after, ({ lacksWords }) => lacksWords)
  for (const entry of entries) {
    entry.keepWords()
    if (performance.now() > sliceEnd) return entry
  }
  return entries.length === limit ? entries.at(-1) : undefined
}
