import { mkdir, readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aJob } from '../../../../test/contracts/stored-job.ts'
import { CrashDisk, writeFiles } from '../../../../test/support/crash-disk.ts'
import { Random } from '../../../../test/support/random.ts'
import { rounds, timeoutOf } from '../../../../test/support/rounds.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { textGrowth } from '../../../../test/support/text-growth.ts'
import { startJob } from '../../../jobs/job.ts'
import { type JobChanges, JobEntry } from '../memory/job-entry.ts'
import type { StoredJobs } from '../memory/stored-jobs.ts'
import { JournaledStore } from './journaled-store.ts'
import { readStore } from './store-files.ts'

const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)
/** A journal begins and ends, and is compacted, after a few commits. */
const SMALL = { journalFromBytes: 1_500, slackBytes: 600 }

/** What a test compares of a job: the input, and the whole text with the number of each checkpoint. */
function stateOf({ job }: JobEntry): string {
  return `${job.prompt}|${job.status === 'pending' ? '' : job.result}`
}

/** Jobs that are put, grow and are removed. */
function someChanges(random: Random, number: number, jobs: StoredJobs): JobChanges {
  // The store grows and shrinks, so that a journal begins and ends.
  const removed = number % 40 < 20 ? 0.2 : 0.9
  const changes = new Map<string, JobEntry | undefined>()
  for (let count = 1 + random.below(3); count > 0; count--) {
    const id = `job-${random.below(12)}`
    const stored = jobs.get(id)
    if (random.next() < removed) changes.set(id, undefined)
    else if (stored?.status === 'running') changes.set(id, grown(random, number, stored))
    else changes.set(id, JobEntry.of(newJob(random, number, id)))
  }
  return changes
}

function newJob(random: Random, number: number, id: string) {
  const job = { ...aJob(id), prompt: `${number} ${'x'.repeat(random.below(200))}` }
  return random.next() < 0.7 ? startJob(job, 0) : job
}

function grown(random: Random, number: number, stored: JobEntry): JobEntry {
  const { job } = stored
  if (job.status !== 'running') throw new Error('the job does not run')
  // Now and then a checkpoint is repeated, with more text.
  const at = random.next() < 0.2 ? random.below(job.result.length + 1) : job.result.length
  const text = `${number}🙂;${'y'.repeat(random.below(100))}`
  const entry = stored.grown(textGrowth(job.id, at, text, stored.run))
  if (!entry) throw new Error('the job did not grow')
  return entry
}

/**
 * The states of each job that may be found in the store. The first is the last one that was confirmed, the others are those of
 * commits that failed or have not ended.
 */
class Ledger {
  readonly #states = new Map<string, string[]>()

  /** Commits the changes, and notes which states may be found during the commit and afterwards. */
  async commit(store: JournaledStore, changes: JobChanges): Promise<void> {
    const next = (entry: JobEntry | undefined) => (entry ? stateOf(entry) : 'none')
    for (const [id, entry] of changes) this.#states.set(id, [...this.of(id), next(entry)])
    try {
      await store.commit(changes)
      for (const [id, entry] of changes) this.#states.set(id, [next(entry)])
    } catch {
      // A refused state may be found after a crash during the commit, until the next state is confirmed.
    }
  }

  check(entries: Iterable<JobEntry>): void {
    const found = this.#found(entries)
    for (const id of [...found.keys(), ...this.#states.keys()]) expect(this.of(id)).toContain(found.get(id) ?? 'none')
  }

  /** Accepts the confirmed states only. */
  checkExactly(entries: Iterable<JobEntry>): void {
    const found = this.#found(entries)
    for (const id of [...found.keys(), ...this.#states.keys()]) expect(found.get(id) ?? 'none').toBe(this.of(id)[0])
  }

  /** From now on, what a store showed after it was opened is confirmed. */
  settle(entries: readonly JobEntry[]): void {
    this.check(entries)
    this.#states.clear()
    for (const [id, state] of this.#found(entries)) this.#states.set(id, [state])
  }

  of(id: string): string[] {
    return this.#states.get(id) ?? ['none']
  }

  #found(entries: Iterable<JobEntry>): Map<string, string> {
    return new Map(Array.from(entries, (entry) => [entry.id, stateOf(entry)]))
  }
}

describe('JournaledStore after a crash at any file operation', () => {
  it.each([
    ['on a disk that works', 0],
    ['on a disk where one operation in fifty fails', 0.02],
  ])(`has every confirmed commit, %s (CRASH_SEED=${SEED})`, { timeout: timeoutOf(60_000) }, async (_, faults) => {
    const random = new Random(SEED)
    for (const _ of rounds(1)) await crashAtEveryOperation(random, faults)
  })

  async function crashAtEveryOperation(random: Random, faults: number): Promise<void> {
    const folder = await temporaryFolder()
    const path = join(folder, 'store', 'jobs.json')
    await mkdir(dirname(path))
    const disk = new CrashDisk()
    const store = await JournaledStore.open(path, { ...SMALL, disk })
    onTestFinished(() => store.close())
    const ledger = new Ledger()
    const operations = new Map<string, number>()
    const check = async (files: ReadonlyMap<string, Buffer>) => {
      const image = join(folder, 'image', 'jobs.json')
      await rm(dirname(image), { recursive: true, force: true })
      await writeFiles(dirname(image), files)
      ledger.check((await readStore(image)).entries)
    }
    // Collected here, because the store would take an error of a check for an error of the disk.
    const failures: unknown[] = []
    disk.atStep = async (operation) => {
      operations.set(operation, (operations.get(operation) ?? 0) + 1)
      if (failures.length > 0) return
      await check(await disk.afterKill()).catch((error) => failures.push('after a kill', operation, error))
      await check(disk.afterPowerFailure()).catch((error) => failures.push('without power', operation, error))
      if (random.next() < faults) throw new Error(`no ${operation}`)
    }
    // With some seeds it takes longer until the store has removed its journal.
    const isEnough = (number: number) => number > 120 && (operations.get('remove') ?? 0) > 0
    for (let number = 1; number <= 1_000 && !isEnough(number); number++) {
      await ledger.commit(store, someChanges(random, number, store.jobs))
      // As between requests. While the journal is missing, commits fail at once, and the compaction needs the event loop.
      await new Promise((resolve) => setImmediate(resolve))
    }
    disk.atStep = async () => {}
    expect(failures).toEqual([])
    expect(operations.get('rename')).toBeGreaterThan(5)
    expect(operations.get('remove')).toBeGreaterThan(0)

    ledger.checkExactly(store.jobs.inOrderOfCreation())
    await store.close()
    ledger.checkExactly((await readStore(path)).entries)
    expect(await readdir(dirname(path))).toEqual(['jobs.json'])
  }
})

describe('JournaledStore that crashes again and again', () => {
  it(`has every confirmed commit, also when it crashes while it starts or stops (CRASH_SEED=${SEED})`, {
    timeout: timeoutOf(60_000),
  }, async () => {
    const random = new Random(SEED)
    for (const _ of rounds(3)) await crashAgainAndAgain(random)
  })

  async function crashAgainAndAgain(random: Random): Promise<void> {
    const folder = await temporaryFolder()
    const ledger = new Ledger()
    let files: ReadonlyMap<string, Buffer> = new Map()
    for (let life = 0; life < 60; life++) {
      const home = join(folder, `life-${life}`)
      await writeFiles(home, files)
      const disk = new CrashDisk()
      await disk.adopt(home)
      // A start and a stop have about ten operations each.
      const crash = crashAfter(random.below(random.next() < 0.5 ? 15 : 150), disk, random.next() < 0.5)
      try {
        await live(join(home, 'jobs.json'), disk, ledger, random, crash)
      } catch (error) {
        if (!crash.files) throw error
      }
      files = crash.files ?? (await disk.afterKill())
      await rm(home, { recursive: true })
    }
  }

  /** Lets every operation fail after some steps, and keeps the files that the crash left. */
  function crashAfter(steps: number, disk: CrashDisk, isPowerFailure: boolean) {
    const crash: { files?: ReadonlyMap<string, Buffer> } = {}
    let step = 0
    disk.atStep = async () => {
      if (step++ < steps) return
      crash.files ??= isPowerFailure ? disk.afterPowerFailure() : await disk.afterKill()
      throw new Error('the process is gone')
    }
    return crash
  }

  let number = 0

  /** Opens a store, commits to it, and closes it, up to the crash. */
  async function live(
    path: string,
    disk: CrashDisk,
    ledger: Ledger,
    random: Random,
    crash: { readonly files?: unknown },
  ): Promise<void> {
    const store = await JournaledStore.open(path, { ...SMALL, disk })
    ledger.settle(store.jobs.all())
    for (let count = random.below(40); count > 0 && !crash.files; count--) {
      await ledger.commit(store, someChanges(random, ++number, store.jobs))
    }
    await store.close()
  }
})
