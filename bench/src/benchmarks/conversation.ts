import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Benchmark, RunOptions, Verdict } from '../benchmark.ts'
import { holdConversation, loadNextTurns } from '../load/conversation-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { readUsage, usageBetween } from '../probe/usage.ts'
import { startApiServer } from '../processes/api-server.ts'
import { type ChildServer, startLoad, startVendor } from '../processes/child-servers.ts'
import { createPostgresDatabase, databaseBytes } from '../processes/postgres-database.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { median, withSpread } from '../report/statistics.ts'

/** Turns of a conversation. At the last one, a client that sends all messages sends 100 KB. */
const TURNS = 200
const ROUNDS = 30
const CHAIN_LIMIT_MS = 20
/** A store that grows with the square grows four times as much. */
const GROWTH_LIMIT = 2.5

/** A store, in a place of its own. */
interface Place extends AsyncDisposable {
  readonly store: string
  readonly env: Readonly<Record<string, string>>
  readonly bytes: () => Promise<number>
}

interface Outcome {
  readonly name: string
  readonly plainMs: readonly number[]
  readonly chainMs: readonly number[]
  readonly wholeMs: readonly number[]
  /** What the store took at first, after the first half of the turns, and at the end, in bytes. */
  readonly bytes: readonly [number, number, number]
  /** CPU time of the server in each half, in milliseconds a turn. */
  readonly cpuMs: readonly [number, number]
  readonly checked: readonly Checked[]
}

/** What the next turn of a long conversation costs. */
export const conversation: Benchmark = {
  name: 'conversation',
  title: `conversations of ${TURNS} turns: by the name of the job before, and with all messages in each request`,
  run: async (options) => {
    await using vendor = await startVendor()
    await using load = startLoad()
    const outcomes: Outcome[] = []
    let missing: string[] = []
    for (const open of [jsonPlace, sqlitePlace, postgresPlace]) {
      const place = await open()
      if (!place) {
        missing = ['PostgreSQL: none answers; start one or set TEST_POSTGRES_URL']
        continue
      }
      await using _ = place
      for (const version of options.versions) outcomes.push(await talk(version, place, vendor, load, options))
    }
    return {
      head: [
        'jobs are in',
        'first token of a plain job, ms',
        'of a job that names the last of 200',
        'of one with the 200 turns in it',
        `all messages each time: KB after ${TURNS / 2} turns`,
        `KB after ${TURNS}`,
        'second half × first',
        'CPU ms/turn, first half',
        'second half',
      ],
      rows: [
        ...outcomes.map(({ name, plainMs, chainMs, wholeMs, bytes, cpuMs }) => [
          name,
          ...[plainMs, chainMs, wholeMs].map((times) => withSpread(times, 1)),
          ...bytes.slice(1).map((size) => ((size - bytes[0]) / 1024).toFixed(0)),
          growthOf(bytes).toFixed(2),
          ...cpuMs.map((ms) => ms.toFixed(1)),
        ]),
        ...missing.map((sentence) => [`not measured: ${sentence}`]),
      ],
      verdicts: outcomes.flatMap(({ name, plainMs, chainMs, bytes }): Verdict[] => [
        {
          what: `added by a chain of ${TURNS}, median, ${name}`,
          measured: median(chainMs) - median(plainMs),
          limit: CHAIN_LIMIT_MS,
          unit: 'ms',
        },
        { what: `stored in the second half, ${name}`, measured: growthOf(bytes), limit: GROWTH_LIMIT, unit: '× first' },
      ]),
      checked: outcomes.flatMap(({ checked }) => checked),
      figures: outcomes,
    }
  },
}

/** How much more the second half of the turns took than the first half. */
function growthOf([before, half, whole]: Outcome['bytes']): number {
  return (whole - half) / (half - before)
}

async function talk(
  version: ServerVersion,
  place: Place,
  vendor: ChildServer,
  load: TaskProcess,
  { isQuick }: RunOptions,
): Promise<Outcome> {
  const half = isQuick ? 3 : TURNS / 2
  const rounds = isQuick ? 2 : ROUNDS
  await using server = await startApiServer({ version, vendorUrl: vendor.url, env: place.env })
  const { url } = server
  const usage = () => server.process.run(readUsage, null)
  const chain = await load.run(holdConversation, { url, form: 'chain', turns: 2 * half, seed: 0 })
  const times = await load.run(loadNextTurns, { url, conversation: chain.conversation, rounds, seed: 1_000 })
  const atFirst = { bytes: await place.bytes(), usage: await usage() }
  const first = await load.run(holdConversation, { url, form: 'whole', turns: half, seed: 2_000 })
  const atHalf = { bytes: await place.bytes(), usage: await usage() }
  const before = first.conversation
  const second = await load.run(holdConversation, { url, form: 'whole', turns: half, seed: 3_000, before })
  const atEnd = { bytes: await place.bytes(), usage: await usage() }
  const msBetween = (from: typeof atFirst, to: typeof atFirst) =>
    usageBetween(from.usage, to.usage).processUs / 1000 / half
  return {
    name: `${version.name === 'server' ? '' : 'other: '}${place.store}`,
    ...times,
    bytes: [atFirst.bytes, atHalf.bytes, atEnd.bytes],
    cpuMs: [msBetween(atFirst, atHalf), msBetween(atHalf, atEnd)],
    checked: [chain.checked, times.checked, first.checked, second.checked],
  }
}

async function folderPlace(store: string, locationIn: (folder: string) => string): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'promptlab-bench-store-'))
  return {
    store,
    env: { DATABASE_URL: locationIn(folder) },
    bytes: () => bytesIn(folder),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

const jsonPlace = () => folderPlace('jobs.json', (folder) => join(folder, 'jobs.json'))
const sqlitePlace = () => folderPlace('SQLite', (folder) => `sqlite:${join(folder, 'jobs.sqlite')}`)

async function postgresPlace(): Promise<Place | undefined> {
  const database = await createPostgresDatabase()
  return (
    database && {
      store: 'PostgreSQL',
      env: { DATABASE_URL: database.url },
      bytes: () => databaseBytes(database),
      [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
    }
  )
}

async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const sizes = await Promise.all(files.map(async (file) => (await stat(file).catch(() => undefined))?.size ?? 0))
  return sizes.reduce((sum, size) => sum + size, 0)
}
