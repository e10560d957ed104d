import { describe, expect, it } from 'vitest'
import { aJob } from '../../../../test/contracts/describe-job-repository.ts'
import { DamagedFileError, type JobEntries, JobEntry } from '../memory/job-entry.ts'
import { documentPieces, EditedDocumentError, parseDocument, streamDocument } from './jobs-document.ts'

const PATH = 'jobs.json'
const jobsOf = (entries: JobEntries) => entries.map(({ job }) => job)
const someJobs = (count: number) => Array.from({ length: count }, (_, index) => aJob(`job-${index}`))
const documentOf = (count: number) => Buffer.concat([...documentPieces(someJobs(count).map((job) => JobEntry.of(job)))])

async function* chunksOf(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function streamed(bytes: Buffer, chunkSize: number): Promise<JobEntries> {
  const entries: JobEntry[] = []
  for await (const entry of streamDocument(PATH, chunksOf(bytes, chunkSize))) entries.push(entry)
  return entries
}

describe('the document of jobs.json', () => {
  it.each([0, 1, 3])('with %i jobs is read back, as a whole and in chunks of any size', async (count) => {
    const document = documentOf(count)
    expect(JSON.parse(document.toString())).toEqual({ version: 1, jobs: someJobs(count) })
    expect(jobsOf(parseDocument(PATH, document))).toEqual(someJobs(count))
    for (const size of [1, 7, 100, document.length]) {
      expect(jobsOf(await streamed(document, size))).toEqual(someJobs(count))
    }
  })

  it.each([
    ['all on one line', (text: string) => text.replaceAll('\n', '')],
    ['indented', (text: string) => JSON.stringify(JSON.parse(text), null, 2)],
    ['with an empty line between two jobs', (text: string) => text.replace(',\n', ',\n\n')],
    ['with spaces behind its end', (text: string) => `${text}  `],
  ])('that was edited is read as a whole and not as a stream: %s', async (_, edit) => {
    const edited = Buffer.from(edit(documentOf(2).toString()))
    expect(jobsOf(parseDocument(PATH, edited))).toEqual(someJobs(2))
    await expect(streamed(edited, 100)).rejects.toThrow(EditedDocumentError)
  })

  it.each([
    ['a missing comma', (text: string) => text.replace(',\n', '\n')],
    ['a comma too many', (text: string) => text.replace('\n]}', ',\n]}')],
    ['a missing end', (text: string) => text.replace('\n]}', '')],
    ['text behind its end', (text: string) => `${text}{}\n`],
  ])('with %s is damaged', async (_, damage) => {
    const damaged = Buffer.from(damage(documentOf(2).toString()))
    expect(() => parseDocument(PATH, damaged)).toThrow(DamagedFileError)
    await expect(streamed(damaged, 100)).rejects.toThrow(EditedDocumentError)
  })
})
