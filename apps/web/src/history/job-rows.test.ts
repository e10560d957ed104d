import type { JobStatus, JobSummary } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import { type JobRows, NO_ROWS, withChange, withFirstPage, withNextPage, withQuery } from './job-rows.ts'

const METRICS = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }

/** A job that was made in this minute of an hour. */
function job(minute: number, status: JobStatus = 'pending', id = `job-${minute}`): JobSummary {
  const at = `2026-11-27T10:${String(minute).padStart(2, '0')}:00.000Z`
  const links = { self: '', cancel: '', stream: '' }
  const made = {
    id,
    prompt: 'Go',
    promptLength: 2,
    provider: 'echo',
    model: 'echo',
    createdAt: at,
    updatedAt: at,
    links,
  }
  if (status === 'pending') return { ...made, status }
  if (status !== 'failed') return { ...made, status, metrics: METRICS }
  return { ...made, status, metrics: METRICS, error: { code: 'internal', message: 'Down', retryable: false } }
}

const page = (nextCursor: string | null, ...minutes: number[]) => ({
  data: minutes.map((each) => job(each)),
  nextCursor,
})
const rowsOf = (nextCursor: string | null, ...minutes: number[]) => withFirstPage(NO_ROWS, page(nextCursor, ...minutes))
const minutesOf = ({ jobs }: JobRows) => jobs.map(({ createdAt }) => Number(createdAt.slice(14, 16)))

describe('job rows', () => {
  it('show a new job on top, and a changed job in its place', () => {
    const rows = withChange(withChange(rowsOf('c', 5, 4), job(6)), job(5, 'running'))
    expect(minutesOf(rows)).toEqual([6, 5, 4])
    expect(rows.jobs.map(({ status }) => status)).toEqual(['pending', 'running', 'pending'])
  })

  it('show a job in the order of lists, also when its change comes late', () => {
    expect(minutesOf(withChange(rowsOf('c', 6, 4), job(5)))).toEqual([6, 5, 4])
    const twins = [job(5, 'pending', 'b'), job(5, 'pending', 'c'), job(5, 'pending', 'a')].reduce(withChange, NO_ROWS)
    expect(twins.jobs.map(({ id }) => id)).toEqual(['c', 'b', 'a'])
  })

  it('leave a job that is older than the last row to the next page, unless there is none', () => {
    expect(minutesOf(withChange(rowsOf('c', 5, 4), job(3)))).toEqual([5, 4])
    expect(minutesOf(withChange(rowsOf(null, 5, 4), job(3)))).toEqual([5, 4, 3])
  })

  it('never go back from a final status', () => {
    const ended = withChange(rowsOf('c', 5), job(5, 'completed'))
    expect(withChange(ended, job(5, 'running'))).toBe(ended)
    expect(withChange(ended, job(5, 'completed')).jobs).toEqual(ended.jobs)
  })

  it('go back from running to pending, as a job that waits for its vendor does', () => {
    const rows = [job(5, 'running'), job(5, 'pending')].reduce(withChange, rowsOf('c', 5))
    expect(rows.jobs[0]?.status).toBe('pending')
  })

  it('show a job only while it has the chosen status', () => {
    const running: JobRows = { ...NO_ROWS, query: { status: 'running' } }
    const shown = withChange(withChange(running, job(5)), job(4, 'running'))
    expect(minutesOf(shown)).toEqual([4])
    expect(minutesOf(withChange(shown, job(4, 'failed')))).toEqual([])
  })

  it('keep the rows of later pages when the first page is listed again, without those that are deleted', () => {
    const rows = withNextPage(rowsOf('c2', 9, 8, 7), page('c4', 6, 5))
    expect(withFirstPage(rows, page('c2', 10, 9, 7))).toEqual({ ...rows, jobs: page('', 10, 9, 7, 6, 5).data })
  })

  it('begin anew when the first page no longer reaches the rows, or is the only page', () => {
    const rows = rowsOf('c7', 9, 8, 7)
    expect(withFirstPage(rows, page('c30', 32, 31, 30))).toEqual(rowsOf('c30', 32, 31, 30))
    expect(withFirstPage(rows, page(null, 9, 8))).toEqual(rowsOf(null, 9, 8))
  })

  it('keep a job of a search that they know, and add none: only the server looks through answers', () => {
    const searched = { ...rowsOf(null, 5), query: { search: 'go' } }
    expect(withChange(searched, job(5, 'running')).jobs.map(({ status }) => status)).toEqual(['running'])
    expect(withChange(searched, job(6))).toBe(searched)
  })

  it('keep what is known to match another query until the server has answered', () => {
    const rows = { ...rowsOf('c', 5), jobs: [job(6, 'failed'), job(5)] }
    expect(minutesOf(withQuery(rows, { status: 'failed' }))).toEqual([6])
    expect(minutesOf(withQuery(rows, { search: 'go' }))).toEqual([6, 5])
    expect(withQuery(rows, { search: 'go' }).cursor).toBeNull()
  })
})
