import type { Benchmark } from '../benchmark.ts'
import { loadFirstTokens } from '../load/first-token-load.ts'
import { attachReaders, readToEnd } from '../load/readers-load.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { programCpuUs } from '../probe/program-cpu.ts'
import { type ChildServer, startLoad, startProxyFloor, startVendor } from '../processes/child-servers.ts'
import { availableSetups, type RunningSetup, type Setup, startSetup } from '../processes/setups.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { median } from '../report/statistics.ts'
import { releaseHeld } from '../vendor/release-held.ts'
import { type Contestant, measureInTurns, measureRound } from './cpu-rounds.ts'

interface Shape {
  readonly relay: Pick<RelayLoad, 'clients' | 'waves' | 'tokens' | 'pauseMs'>
  readonly rounds: number
  readonly fanOut: { readonly readers: number; readonly tokens: number }
  /** More clients than a worker has places. */
  readonly capacity: Pick<RelayLoad, 'clients' | 'waves' | 'tokens' | 'pauseMs'>
  readonly firstTokens: number
}

const FULL: Shape = {
  relay: { clients: 100, waves: 1, tokens: 128, pauseMs: 10 },
  rounds: 3,
  fanOut: { readers: 500, tokens: 100 },
  capacity: { clients: 256, waves: 1, tokens: 32, pauseMs: 50 },
  firstTokens: 200,
}

const QUICK: Shape = {
  relay: { clients: 5, waves: 1, tokens: 16, pauseMs: 10 },
  rounds: 1,
  fanOut: { readers: 20, tokens: 20 },
  capacity: { clients: 10, waves: 1, tokens: 16, pauseMs: 10 },
  firstTokens: 5,
}

/** The places of a process, in the run that measures how many jobs it can do. */
const PLACES = 64
const SEED = 11

/** What runs beside the server, and costs too. */
const DATABASES = new Set(['postgres', 'redis-server'])

/** The vendor, the clients and the floor, which all setups have in common. */
interface Surroundings {
  readonly vendor: ChildServer
  readonly load: TaskProcess
  readonly proxy: ChildServer
}

/** What each store costs, and several processes. */
export const stores: Benchmark = {
  name: 'stores',
  title: 'relay and fan-out on each store and in several processes; CPU of all their processes together',
  run: async ({ isQuick }) => {
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const surroundings = { vendor, load: stack.use(startLoad()), proxy: stack.use(await startProxyFloor(vendor.url)) }
    const { setups, missing } = await availableSetups(stack)
    const results = []
    for (const setup of setups) results.push(await measureSetup(setup, surroundings, isQuick ? QUICK : FULL))
    return {
      head: [
        'jobs are in',
        'relay: CPU µs/token',
        '× floor',
        'and databases µs/token',
        'fan-out: CPU µs/token and reader',
        'first token: added ms, median',
        `jobs/s, ${PLACES} at once a process`,
      ],
      rows: [
        ...results.map((result) => [
          result.name,
          result.relayUs.toFixed(1),
          result.relayRatio.toFixed(2),
          result.databasesUs.toFixed(1),
          result.fanOutUs.toFixed(1),
          result.addedMs.toFixed(1),
          result.jobsPerSecond.toFixed(0),
        ]),
        ...missing.map((sentence) => [`not measured: ${sentence}`, '', '', '', '', '', '']),
      ],
      verdicts: results.map(({ name, relayRatio }) => ({
        what: `relay, ${name}`,
        measured: relayRatio,
        unit: '× floor',
      })),
      checked: results.flatMap(({ checked }) => checked),
      figures: results,
    }
  },
}

async function measureSetup(setup: Setup, surroundings: Surroundings, shape: Shape) {
  const costs = await measureCosts(setup, surroundings, shape)
  const capacity = await measureCapacity(setup, surroundings, shape)
  return {
    name: setup.name,
    ...costs,
    jobsPerSecond: capacity.jobsPerSecond,
    checked: [...costs.checked, capacity.checked],
  }
}

async function measureCosts(setup: Setup, surroundings: Surroundings, shape: Shape) {
  const { vendor, load } = surroundings
  await using running = await startSetup(setup, vendor.url)
  const relay = await measureRelay(running, surroundings, shape)
  const fanOut = await measureFanOut(running, surroundings, shape)
  const rounds = shape.firstTokens
  const first = await load.run(loadFirstTokens, { serverUrl: running.url, vendorUrl: vendor.url, rounds })
  return {
    ...relay,
    fanOutUs: fanOut.processUs,
    addedMs: median(first.serverMs.map((ms, index) => ms - (first.vendorMs[index] ?? Number.NaN))),
    checked: [...relay.checked, fanOut.checked, first.checked],
  }
}

async function measureRelay(
  { url, processes }: RunningSetup,
  { load, proxy }: Surroundings,
  { relay, rounds }: Shape,
): Promise<{ relayUs: number; relayRatio: number; databasesUs: number; checked: Checked[] }> {
  const tokens = relay.clients * relay.waves * relay.tokens
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
  const measured = await measureInTurns(floor, server, { rounds, tokens })
  const ratios = measured.server.map(({ processUs }, round) => processUs / (measured.floor[round]?.processUs ?? NaN))
  return {
    relayUs: median(measured.server.map(({ processUs }) => processUs)),
    relayRatio: median(ratios),
    databasesUs: median(databasesUs.slice(-rounds)),
    checked: [...measured.floor, ...measured.server].map(({ checked }) => checked),
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

/** With as many places as a process has by default, so that a second worker has something to add. */
async function measureCapacity(setup: Setup, { vendor, load }: Surroundings, { capacity }: Shape) {
  const places = { MAX_CONCURRENT_JOBS: String(PLACES), MAX_CONCURRENT_JOBS_PER_PROVIDER: String(PLACES) }
  await using running = await startSetup(setup, vendor.url, places)
  const run = () => load.run(loadRelay, { ...capacity, url: running.url, target: 'server' })
  await run()
  const { wallMs, checked } = await run()
  return { jobsPerSecond: (capacity.clients * capacity.waves * 1000) / wallMs, checked }
}
