import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { StoredJob } from '../../src/jobs/job.ts'
import { summaryOf } from '../../src/jobs/job-summary.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { JsonFileJobRepository } from '../../src/storage/json-file/json-file-job-repository.ts'
import { openPostgresJobs } from '../../src/storage/sql/open-postgres.ts'
import { migrateSqlite, openSqliteJobs } from '../../src/storage/sql/open-sqlite.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { runSql, withPostgres } from './test-postgres.ts'

const FIXTURES = join(import.meta.dirname, '../fixtures')
const SILENT = { info: () => {}, warn: () => {} }

interface Expected {
  /** Reads everything in the store, and goes on with it. */
  readonly expectEverything: (jobs: JobRepository) => Promise<void>
  /** What the document of the JSON file begins with afterwards. */
  readonly document: RegExp
  /** The id of the item that the fixture has, if it has one. */
  readonly item?: string
}

/** The files of stores that an earlier version made: a document and a journal, dumps of both databases, and the jobs in them. */
export class EarlierStores {
  readonly #folder: string

  /** @param name of the folder in `test/fixtures` */
  constructor(name: string) {
    this.#folder = join(FIXTURES, name)
  }

  read(name: string): Promise<string> {
    return readFile(join(this.#folder, name), 'utf8')
  }

  /** The jobs in each of the stores. */
  async jobs(): Promise<StoredJob[]> {
    const lines = (await this.read('jobs.ndjson')).trim().split('\n')
    return lines.map((line) => StoredJob.parse(JSON.parse(line)))
  }

  /**
   * Checks that a store gives each of the jobs, alone and in a list, and has one whose process is gone.
   * @returns the jobs
   */
  async expectJobs(jobs: JobRepository): Promise<StoredJob[]> {
    const expected = await this.jobs()
    for (const job of expected) expect(await jobs.find(job.id)).toEqual(job)
    const byTime = expected.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
    expect(await jobs.list({ limit: 99 })).toEqual(byTime.map(summaryOf))
    expect(await jobs.findAbandoned(9)).toEqual([{ id: 'running', run: 1 }])
    return expected
  }

  /** Defines a test for each store. */
  async describe(name: string, { expectEverything, document, item }: Expected): Promise<void> {
    describe(name, () => {
      it.each([
        { end: 'stopped', files: [['stopped-document', 'jobs.json']] },
        {
          end: 'killed',
          files: [
            ['killed-document', 'jobs.json'],
            ['killed-journal', 'jobs.json.journal'],
          ],
        },
      ] as const)('in a JSON file, whose server was $end, is read whole, and goes on', async ({ files }) => {
        const folder = await temporaryFolder()
        for (const [from, to] of files) await copyFile(join(this.#folder, from), join(folder, to))
        if (item) {
          await mkdir(join(folder, 'jobs.json.items'))
          await copyFile(join(this.#folder, 'item'), join(folder, 'jobs.json.items', item))
        }
        const jobs = await JsonFileJobRepository.open(join(folder, 'jobs.json'))
        await expectEverything(jobs)
        await jobs.close()
        expect(await readFile(join(folder, 'jobs.json'), 'utf8')).toMatch(document)
      })

      it('in SQLite is read whole, and goes on', async () => {
        const path = join(await temporaryFolder(), 'jobs.db')
        const db = new SQLite(path)
        db.exec(await this.read('sqlite.sql'))
        db.close()
        const jobs = await openSqliteJobs(path)
        await expectEverything(jobs)
        await jobs.close()
        expect(await migrateSqlite(path)).toEqual([])
      })
    })

    await withPostgres((newDatabase) => {
      it(`${name} in PostgreSQL is read whole, and goes on`, async () => {
        const url = await newDatabase()
        await runSql(url, await this.read('postgres.sql'))
        const jobs = await openPostgresJobs(url, { logger: SILENT, shared: false })
        await expectEverything(jobs)
        await jobs.close()
      })
    })
  }
}
