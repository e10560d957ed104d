import { join } from 'node:path'
import type { KyselyPlugin } from 'kysely'
import { expect, it, onTestFinished } from 'vitest'
import { aLongJob } from '../../../test/contracts/describe-histories.ts'
import { GrowingJob } from '../../../test/contracts/growing-job.ts'
import { aJob, completed } from '../../../test/contracts/stored-job.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { sharingJobRepository } from '../../jobs/history/sharing-job-repository.ts'
import { readConversation } from '../../jobs/input/conversation.ts'
import { EarlierTurns } from '../../jobs/input/earlier-turns.ts'
import { startJob } from '../../jobs/job.ts'
import { openSqliteDatabase } from './open-sqlite.ts'
import { SqlJobRepository } from './sql-job-repository.ts'
import { SqliteStatements } from './sqlite-statements.ts'
import type { SqlDb } from './tables.ts'

type Statements<Result> = (db: SqlDb) => Promise<Result>

/** A repository, and the number of statements that its changes and, if asked for, its reads took since the last call. */
async function openCounted({ withReads = false } = {}): Promise<{ jobs: SqlJobRepository; count: () => number }> {
  const database = await openSqliteDatabase(join(await temporaryFolder(), 'jobs.db'))
  let statements = 0
  const counter: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      statements += 1
      return result
    },
  }
  const counted = {
    db: withReads ? database.db.withPlugin(counter) : database.db,
    dialect: 'sqlite' as const,
    runner: database.runner,
    mustRemoveUnconfirmed: database.mustRemoveUnconfirmed,
    write: <Result>(statement: Statements<Result>) => database.write((db) => statement(db.withPlugin(counter))),
    transact: <Result>(work: Statements<Result>) => database.transact((db) => work(db.withPlugin(counter))),
    transactFor: <Result>(owner: string, work: Statements<Result>) =>
      database.transactFor(owner, (db) => work(db.withPlugin(counter))),
    checkHealth: () => database.checkHealth(),
    close: () => database.close(),
  }
  const jobs = await SqlJobRepository.open({ ...counted, statements: new SqliteStatements(counted) })
  onTestFinished(() => jobs.close())
  return {
    jobs,
    count() {
      const before = statements
      statements = 0
      return before
    },
  }
}

it('a job of a prompt that ends before its first checkpoint takes two statements, with its tape', async () => {
  const { jobs, count } = await openCounted()
  await jobs.insert(startJob(aJob('a'), 0))
  await jobs.replace({ ...completed(aJob('a'), 'text'), tape: 'BAM=' }, { status: 'running', run: 1 })
  expect(count()).toBe(2)
  expect(await jobs.find('a')).toMatchObject({ result: 'text', tape: 'BAM=' })
})

it('a checkpoint of any number of jobs takes three statements, and the end of a job behind it three', async () => {
  const { jobs, count } = await openCounted()
  const running = Array.from({ length: 50 }, (_, index) => new GrowingJob(startJob(aJob(`job-${index}`), 0)))
  for (const job of running) await jobs.insert(job.now)
  count()
  await jobs.checkpoint(
    running.map((job, index) => job.say(index % 2 ? 'text' : { type: 'refusal', text: 'no' }).checkpoint),
  )
  expect(count()).toBe(3)
  await jobs.replace(running[0]?.finish(9) ?? aJob(''), { status: 'running', run: 1 })
  expect(count()).toBe(3)
})

it('a conversation of 200 turns that share a history is read in four statements, and the next turn knows it from one', async () => {
  const { jobs, count } = await openCounted({ withReads: true })
  const store = sharingJobRepository(jobs)
  let previousJobId: string | undefined
  for (let turn = 0; turn < 200; turn += 1) {
    const { job, items } = aLongJob(`turn-${turn}`, turn < 20 ? 20 : 0)
    await store.storeItems(items)
    await store.insert({ ...job, ...(previousJobId !== undefined && { previousJobId }) })
    const running = startJob(job, 0)
    await store.replace(running, { status: 'pending' })
    await store.replace(completed(job, 'text'), running)
    previousJobId = job.id
  }
  const next = { ...aJob('next'), ...(previousJobId !== undefined && { previousJobId }) }
  const restarted = sharingJobRepository(jobs)
  count()
  expect(await readConversation(next, restarted, 'echo')).toHaveLength(20 * 82 + 180 * 2 + 1)
  // Their ids, their rows, their blocks, and all of their items.
  expect(count()).toBe(4)
  await readConversation(next, restarted, 'echo')
  // The blocks are known.
  expect(count()).toBe(3)
  const turns = new EarlierTurns(store)
  await turns.before(previousJobId ?? '', 'ann')
  count()
  await turns.before(previousJobId ?? '', 'ann')
  expect(count()).toBe(1)
})
