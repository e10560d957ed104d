import type { Benchmark } from '../benchmark.ts'
import { loadFirstTokens } from '../load/first-token-load.ts'
import { attachReaders, readToEnd } from '../load/readers-load.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { programCpuUs } from '../probe/program-cpu.ts'
import { type ChildServer, startLoad, startProxyFloor, startVendor } from '../processes/child-servers.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import { availableSetups, DATABASES, type RunningSetup, type Setup, startSetup } from '../processes/setups.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { median } from '../report/statistics.ts'
import { releaseHeld } from '../vendor/release-held.ts'
import { type Contestant, checkedOf, measureInTurns, measureRound, ratiosOf } from './cpu-rounds.ts'
import { peakMb } from './peak-memory.ts'
import { RELAY, WARM_UP_ROUNDS } from './relay.ts'

interface Shape {
  readonly relay: Omit<RelayLoad, 'url' | 'target'>
  readonly warmUpRounds: number
  readonly rounds: number
  readonly fanOut: { readonly readers: number; readonly tokens: number }
  /** More clients than a worker has slots. Left out: it is not measured. */
  readonly capacity?: Omit<RelayLoad, 'url' | 'target'>
  readonly firstTokens: number
}

const FULL: Shape = {
  relay: RELAY,
  warmUpRounds: WARM_UP_ROUNDS,
  rounds: 3,
  fanOut: { readers: 500, tokens: 100 },
  capacity: { ...RELAY, clients: 256, tokens: 32, pauseMs: 50 },
  firstTokens: 200,
}

const QUICK: Shape = {
  relay: { ...RELAY, clients: 5, tokens: 16 },
  warmUpRounds: 1,
  rounds: 1,
  fanOut: { readers: 20, tokens: 20 },
  firstTokens: 5,
}

/** How many jobs a process may run at once, where the rate of jobs is measured. */
const SLOTS = 64
const SEED = 11
/** What a token may cost all processes of a cluster together, times the floor. */
const CLUSTER_LIMIT = 1.8

/** The vendor, the clients and the floor, which all setups have in common. */
interface Surroundings {
  readonly vendor: ChildServer
  readonly load: TaskProcess
  readonly proxy: ChildServer
}

/** Costs of each store, and of several processes. */
export const stores: Benchmark = {
  name: 'stores',
  title: 'relay and fan-out on each store and in several processes; CPU of all their processes together',
  run: async ({ isQuick, versions, rounds }) => {
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const surroundings = { vendor, load: stack.use(startLoad()), proxy: stack.use(await startProxyFloor(vendor.url)) }
    const shape = isQuick ? QUICK : { ...FULL, rounds: rounds ?? FULL.rounds }
    const results = []
    const missing = new Set<string>()
    for (const version of versions) {
      // Each version has its own database and Redis, because a version may not read what another one wrote.
      await using own = new AsyncDisposableStack()
      const available = await availableSetups(own)
      for (const setup of available.setups) results.push(await measureSetup(setup, version, surroundings, shape))
      for (const sentence of available.missing) missing.add(sentence)
    }
    return {
      head: [
        'jobs are in',
        'relay: CPU µs/token',
        '× floor',
        'and databases µs/token',
        'fan-out: CPU µs/token and reader',
        'first token: added ms, median',
        `jobs/s, ${SLOTS} at once a process`,
        'peak RSS MB',
      ],
      rows: [
        ...results.map((result) => [
          result.name,
          result.relayUs.toFixed(1),
          result.relayRatio.toFixed(2),
          result.databasesUs.toFixed(1),
          result.fanOutUs.toFixed(1),
          result.addedMs.toFixed(1),
          result.jobsPerSecond?.toFixed(0) ?? '',
          result.peakMb.toFixed(0),
        ]),
        ...[...missing].map((sentence) => [`not measured: ${sentence}`, '', '', '', '', '', '', '']),
      ],
      verdicts: results.map(({ name, relayRatio }) => ({
        what: `relay, ${name}`,
        measured: relayRatio,
        ...(name.startsWith('PostgreSQL, Redis') && { limit: CLUSTER_LIMIT }),
        unit: '× floor',
      })),
      checked: results.flatMap(({ checked }) => checked),
      figures: results,
    }
  },
}

async function measureSetup(setup: Setup, version: ServerVersion, surroundings: Surroundings, shape: Shape) {
  const costs = await measureCosts(setup, version, surroundings, shape)
  const capacity = await measureCapacity(setup, version, surroundings, shape)
  return {
    name: version.name === 'server' ? setup.name : `other: ${setup.name}`,
    ...costs,
    jobsPerSecond: capacity?.jobsPerSecond,
    checked: [...costs.checked, ...(capacity ? [capacity.checked] : [])],
  }
}

async function measureCosts(setup: Setup, version: ServerVersion, surroundings: Surroundings, shape: Shape) {
  const { vendor, load } = surroundings
  await using running = await startSetup(setup, version, vendor.url)
  const relay = await measureRelay(running, surroundings, shape)
  const fanOut = await measureFanOut(running, surroundings, shape)
  const first = await load.run(loadFirstTokens, {
    askedOf: [
      { url: vendor.url, target: 'proxy' },
      { url: running.url, target: 'server' },
    ],
    rounds: shape.firstTokens,
  })
  const [vendorMs = [], serverMs = []] = first.timesMs
  return {
    ...relay,
    fanOutUs: fanOut.processUs,
    addedMs: median(serverMs.map((ms, index) => ms - (vendorMs[index] ?? Number.NaN))),
    peakMb: await peakMb(running.processes),
    checked: [...relay.checked, fanOut.checked, first.checked],
  }
}

async function measureRelay(
  { url, processes }: RunningSetup,
  { load, proxy }: Surroundings,
  { relay, warmUpRounds, rounds }: Shape,
): Promise<{ relayUs: number; relayRatio: number; databasesUs: number; checked: Checked[] }> {
  const tokens = relay.clients * relay.jobsPerClient * relay.tokens
  const databasesUs: number[] = []
  const floor: Contestant = {
    name: 'floor',
    processes: [proxy.process],
    load: () => load.run(loadRelay, { ...relay, url: proxy.url, target: 'proxy' }),
  }
  const server: Contestant = {
    name: 'server',
    processes,
    load: async () => {
      const before = programCpuUs(DATABASES)
      const outcome = await load.run(loadRelay, { ...relay, url, target: 'server' })
      databasesUs.push((programCpuUs(DATABASES) - before) / tokens)
      return outcome
    },
  }
  const measured = await measureInTurns([floor, server], { warmUpRounds, rounds, tokens })
  const [floorRounds, serverRounds] = measured
  if (!floorRounds || !serverRounds) throw new Error('A floor and a server are needed for a ratio')
  return {
    relayUs: median(serverRounds.rounds.map(({ processUs }) => processUs)),
    relayRatio: median(ratiosOf(serverRounds, floorRounds)),
    databasesUs: median(databasesUs.slice(-rounds)),
    checked: measured.flatMap(checkedOf),
  }
}

async function measureFanOut(
  { url, processes }: RunningSetup,
  { vendor, load }: Surroundings,
  { fanOut: { readers, tokens } }: Shape,
) {
  const script = { seed: SEED, tokens, pauseMs: 20, isHeld: true as const }
  const contestant: Contestant = {
    name: 'server',
    processes,
    prepare: async () => void (await load.run(attachReaders, { url, readers, script })),
    load: async () => {
      const [outcome] = await Promise.all([
        load.run(readToEnd, { seed: SEED, tokens }),
        vendor.process.run(releaseHeld, null),
      ])
      return outcome
    },
  }
  await measureRound(contestant, readers * tokens)
  return await measureRound(contestant, readers * tokens)
}

/** With as many slots as a process has by default, so that a second worker has something to add. */
async function measureCapacity(
  setup: Setup,
  version: ServerVersion,
  { vendor, load }: Surroundings,
  { capacity }: Shape,
) {
  if (!capacity) return undefined
  const slots = { MAX_CONCURRENT_JOBS: String(SLOTS), MAX_CONCURRENT_JOBS_PER_PROVIDER: String(SLOTS) }
  await using running = await startSetup(setup, version, vendor.url, slots)
  const run = () => load.run(loadRelay, { ...capacity, url: running.url, target: 'server' })
  await run()
  const { wallMs, checked } = await run()
  return { jobsPerSecond: (capacity.clients * capacity.jobsPerClient * 1000) / wallMs, checked }
}
