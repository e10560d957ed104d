import { describe, expect, it } from 'vitest'
import { aJob } from '../../../../test/contracts/stored-job.ts'
import { type StoredJob, startJob } from '../../../jobs/job.ts'
import { DamagedFileError, type JobEntries, JobEntry, NewerFileError } from '../memory/job-entry.ts'
import { documentPieces, EditedDocumentError, parseDocument, readHead, streamDocument } from './jobs-document.ts'
import type { JournalPoint } from './journal-lines.ts'

const PATH = 'jobs.json'
const jobsOf = (entries: JobEntries) => entries.map(({ job }) => job)
const someJobs = (count: number) => Array.from({ length: count }, (_, index) => aJob(`job-${index}`))
const documentOf = (count: number, journal?: JournalPoint) =>
  Buffer.concat([
    ...documentPieces({ entries: someJobs(count).map((job) => JobEntry.of(job)), removedUsage: [], journal }),
  ])
const NAMED: JournalPoint = { id: '0f8e6a1c-1b5d-4d4e-9d6f-2f3b7a1c9e55', after: 17 }

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
    expect(jobsOf(parseDocument(PATH, document).entries)).toEqual(someJobs(count))
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
    expect(jobsOf(parseDocument(PATH, edited).entries)).toEqual(someJobs(2))
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

  it('has version 2 as soon as a record needs it, and is read back whole, in chunks and edited', async () => {
    const job = { ...aJob('a'), messages: [{ role: 'user' as const, content: 'Hi' }] }
    const running = startJob(aJob('a'), 0)
    for (const rich of [
      job,
      { ...aJob('a'), previousJobId: 'b' },
      { ...aJob('a'), options: { temperature: 0.5, topP: 0.5 } },
      { ...running, parts: [{ type: 'reasoning' as const, text: 'hm' }] },
    ]) {
      const entries = [JobEntry.of(aJob('b')), JobEntry.of(rich)]
      const document = Buffer.concat([...documentPieces({ entries, removedUsage: [] })])
      expect(JSON.parse(document.toString())).toEqual({ version: 2, jobs: [aJob('b'), rich] })
      expect(jobsOf(parseDocument(PATH, document).entries)).toEqual([aJob('b'), rich])
      expect(parseDocument(PATH, document).journal).toBeUndefined()
      expect(jobsOf(await streamed(document, 7))).toEqual([aJob('b'), rich])
      const edited = Buffer.from(JSON.stringify(JSON.parse(document.toString()), null, 2))
      expect(jobsOf(parseDocument(PATH, edited).entries)).toEqual([aJob('b'), rich])
    }
  })

  it('has version 4 to 7 as soon as a record needs it, with a journal and a ledger or not', async () => {
    const carries = [{ message: 0, part: 0, provider: 'openai', json: '"x"' }]
    const counts = { inputTokens: 1, outputTokens: 2, cachedInputTokens: 3, cacheWriteTokens: 4, reasoningTokens: 5 }
    const usage = { owner: '', provider: 'openai', model: 'm', day: '2026-11-27', usdBillionths: 6, unpricedJobs: 1 }
    for (const [version, rich] of [
      [4, { ...aJob('a'), carries }],
      [4, { ...aJob('a'), deleteAfter: '2026-11-27T10:00:00.000Z' }],
      [5, { ...aJob('a'), carries, fallbacks: [{ provider: 'openai', model: 'gpt' }] }],
      [6, { ...aJob('a'), carries, fallbacks: [{ provider: 'openai', model: 'gpt' }], maxCostUsd: 1 }],
      [6, { ...aJob('a'), reserved: 0 }],
      [7, { ...aJob('a'), reserved: 0, history: [{ item: '0'.repeat(64), bytes: 1 }] }],
    ] satisfies [number, StoredJob][])
      for (const journal of [undefined, NAMED])
        for (const removedUsage of [[], [{ ...usage, ...counts, jobs: 2 }]]) {
          const entries = [JobEntry.of(aJob('b')), JobEntry.of(rich)]
          const document = Buffer.concat([...documentPieces({ entries, removedUsage, journal })])
          expect(JSON.parse(document.toString())).toMatchObject({ version, jobs: [aJob('b'), rich] })
          const edited = Buffer.from(JSON.stringify(JSON.parse(document.toString()), null, 2))
          for (const bytes of [document, edited]) {
            const read = parseDocument(PATH, bytes)
            expect({ ...read, entries: jobsOf(read.entries) }).toEqual({
              entries: [aJob('b'), rich],
              removedUsage,
              journal,
            })
          }
          expect(jobsOf(await streamed(document, 7))).toEqual([aJob('b'), rich])
          expect(await readHead(PATH, chunksOf(document, 9))).toEqual({ removedUsage, journal })
        }
  })

  it('stays at version 1 with what only doors read, and with what nobody needs to run a job', () => {
    const made = { door: { name: 'openai-chat' }, requestDigest: 'x', client: { process: 'one' } } as const
    const origin = { rerunOf: 'b', forkOf: { jobId: 'c', at: 1 } }
    const told = { webhook: { url: 'https://example.com' }, deliveries: [], notifyAt: aJob('a').createdAt }
    const entries = [JobEntry.of({ ...aJob('a'), ...made, ...origin, ...told })]
    expect(JSON.parse(Buffer.concat([...documentPieces({ entries, removedUsage: [] })]).toString())).toMatchObject({
      version: 1,
    })
  })

  it('stays at version 1 with a tape, which older versions keep and do not read', () => {
    const entries = [JobEntry.of({ ...startJob(aJob('a'), 0), tape: 'AQI=' })]
    expect(JSON.parse(Buffer.concat([...documentPieces({ entries, removedUsage: [] })]).toString())).toMatchObject({
      version: 1,
    })
  })

  it('names the journal that has newer changes, whole, in chunks and edited', async () => {
    for (const count of [0, 2]) {
      const document = documentOf(count, NAMED)
      expect(JSON.parse(document.toString())).toEqual({
        version: 2,
        journal: { ...NAMED, checksum: expect.stringMatching(/^[0-9a-f]{8}$/) },
        jobs: someJobs(count),
      })
      const edited = Buffer.from(JSON.stringify(JSON.parse(document.toString()), null, 2))
      for (const bytes of [document, edited]) {
        const { entries, journal } = parseDocument(PATH, bytes)
        expect(jobsOf(entries)).toEqual(someJobs(count))
        expect(journal).toEqual(NAMED)
      }
      for (const size of [1, 7, 100, document.length]) {
        expect(jobsOf(await streamed(document, size))).toEqual(someJobs(count))
        expect((await readHead(PATH, chunksOf(document, size))).journal).toEqual(NAMED)
      }
      expect((await readHead(PATH, chunksOf(documentOf(count), 9))).journal).toBeUndefined()
    }
  })

  it.each([2, 6])('of version %s is refused when any bit of its first line is not as it was written', (version) => {
    const entries = [JobEntry.of(version === 2 ? aJob('a') : { ...aJob('a'), reserved: 1 })]
    const document = Buffer.concat([...documentPieces({ entries, removedUsage: [], journal: NAMED })])
    expect(JSON.parse(document.toString())).toMatchObject({ version })
    const firstLine = document.indexOf('\n')
    for (let bit = 0; bit < firstLine * 8; bit++) {
      const damaged = Buffer.from(document)
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(() => parseDocument(PATH, damaged), `bit ${bit}`).toThrow(DamagedFileError)
    }
  })

  it('has what removed jobs added to the ledger, whole, in chunks and edited', async () => {
    const counts = { inputTokens: 1, outputTokens: 2, cachedInputTokens: 3, cacheWriteTokens: 4, reasoningTokens: 5 }
    const key = { owner: '', provider: 'openai', model: 'größe"jobs":[', day: '2026-11-27' }
    const removedUsage = [{ ...key, jobs: 2, ...counts, usdBillionths: 6, unpricedJobs: 1 }]
    for (const journal of [undefined, NAMED]) {
      const entries = someJobs(2).map((job) => JobEntry.of(job))
      const document = Buffer.concat([...documentPieces({ entries, removedUsage, journal })])
      expect(JSON.parse(document.toString())).toMatchObject({ version: 3, removedUsage, jobs: someJobs(2) })
      const edited = Buffer.from(JSON.stringify(JSON.parse(document.toString()), null, 2))
      for (const bytes of [document, edited]) {
        const read = parseDocument(PATH, bytes)
        expect({ ...read, entries: jobsOf(read.entries) }).toEqual({ entries: someJobs(2), removedUsage, journal })
      }
      for (const size of [1, 7, document.length]) {
        expect(jobsOf(await streamed(document, size))).toEqual(someJobs(2))
        expect(await readHead(PATH, chunksOf(document, size))).toEqual({ removedUsage, journal })
      }
      const damaged = document.toString().replace('"jobs":2', '"jobs":-2')
      expect(() => parseDocument(PATH, Buffer.from(damaged))).toThrow(DamagedFileError)
    }
  })

  it('of a later version is not called damaged', () => {
    for (const document of ['{"version":8,"jobs":[]}', '{"version":8}']) {
      expect(() => parseDocument(PATH, Buffer.from(document))).toThrow(NewerFileError)
    }
  })
})
