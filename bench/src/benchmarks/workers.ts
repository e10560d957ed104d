import type { Benchmark, RunOptions, Verdict } from '../benchmark.ts'
import { loadRelay } from '../load/relay-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { busyPercent, machineCpu } from '../probe/machine-cpu.ts'
import { readUsage } from '../probe/usage.ts'
import { type ChildServer, startLoad, startVendor } from '../processes/child-servers.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import { availableSetups, type Setup, startSetup } from '../processes/setups.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { throttled } from '../processes/throttle.ts'
import { median, withSpread } from '../report/statistics.ts'

/**
 * More jobs at once than two workers can keep up with: with few, the reads of two have fewer tokens each than those of one, so that
 * a token costs more. No limit of slots is reached.
 */
const LOAD = { clients: 120, jobsPerClient: 4, arrivalMs: 0, tokens: 128, pauseMs: 0 }
/** Each of two workers has run 1,900 jobs then, so that V8 has compiled the code of both. */
const WARM_UP_ROUNDS = 8
/** The share of a core that a worker gets, so that its CPU time is the limit and the machine has some left. */
const SHARE = 0.1
const LEAST_GAIN = 1.9

/** How much of a core the workers get. */
const LIMITS = [
  { name: 'a tenth of a core each', share: SHARE },
  { name: 'all that the machine has', share: 1 },
] as const

interface Measured {
  readonly limit: (typeof LIMITS)[number]
  readonly workers: number
  readonly jobsPerSecond: number
  /** How busy the workers kept a core, the sum over them, in percent. */
  readonly workersPercent: number
  /** Of the process that takes requests. */
  readonly apiPercent: number
  readonly machinePercent: number
  readonly checked: Checked
}

/** What a second worker adds where CPU time is the limit. */
export const workers: Benchmark = {
  name: 'workers',
  title:
    'jobs a second of a cluster with one worker and with two; 120 clients, each 4 jobs of 128 tokens without a pause',
  run: async (options) => {
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const load = stack.use(startLoad())
    const [version] = options.versions
    if (!version) throw new Error('There is no server to measure')
    const { setups, missing } = await availableSetups(stack)
    const measured: Measured[] = []
    for (let round = 0; round < (options.rounds ?? (options.isQuick ? 1 : 5)); round += 1) {
      // A smoke test only needs the setup with all processes.
      const clusters = setups.filter((one) => one.workers !== undefined).slice(options.isQuick ? -1 : 0)
      for (const setup of clusters) {
        measured.push(...(await measureSetup(setup, version, { vendor, load }, options)))
      }
    }
    const of = (limit: string, count: number) =>
      measured.filter((one) => one.limit.name === limit && one.workers === count)
    const rates = (limit: string, count: number) => of(limit, count).map(({ jobsPerSecond }) => jobsPerSecond)
    const gain = (limit: string) => median(rates(limit, 2)) / median(rates(limit, 1))
    const rows = LIMITS.flatMap(({ name }) =>
      [1, 2].map((count) => [
        name,
        String(count),
        withSpread(rates(name, count), 0),
        count === 1 ? '1.00' : gain(name).toFixed(2),
        ...(['workersPercent', 'apiPercent', 'machinePercent'] as const).map((field) =>
          withSpread(
            of(name, count).map((one) => one[field]),
            0,
          ),
        ),
      ]),
    )
    return {
      head: ['workers get', 'workers', 'jobs/s', '× one worker', 'workers: core %', 'api: core %', 'machine busy %'],
      rows: measured.length > 0 ? rows : missing.map((sentence) => [`not measured: ${sentence}`]),
      verdicts:
        measured.length === 0
          ? []
          : LIMITS.map(
              ({ name, share }): Verdict => ({
                what: `jobs a second, two workers, ${name}`,
                measured: gain(name),
                ...(share < 1 && { least: LEAST_GAIN }),
                unit: '× one worker',
              }),
            ),
      checked: measured.map(({ checked }) => checked),
      figures: measured,
    }
  },
}

async function measureSetup(
  setup: Setup,
  version: ServerVersion,
  { vendor, load }: { readonly vendor: ChildServer; readonly load: TaskProcess },
  { isQuick }: RunOptions,
): Promise<Measured[]> {
  const shape = isQuick ? { ...LOAD, clients: 5, jobsPerClient: 1, tokens: 16 } : LOAD
  await using running = await startSetup(setup, version, vendor.url)
  const [api, ...own] = running.processes
  if (!api) throw new Error('A process that takes requests is needed')
  const run = () => load.run(loadRelay, { ...shape, url: running.url, target: 'server' })
  for (let round = 0; round < (isQuick ? 0 : WARM_UP_ROUNDS); round += 1) await run()
  const measured: Measured[] = []
  for (const limit of LIMITS) {
    const usedUs = (processes: readonly TaskProcess[]) =>
      Promise.all(processes.map(async (process) => (await process.run(readUsage, null)).processUs))
    const before = { machine: machineCpu(), us: await usedUs([api, ...own]) }
    const { wallMs, checked } =
      limit.share < 1
        ? await throttled(
            own.map(({ pid }) => pid),
            limit.share,
            run,
          )
        : await run()
    const after = { machine: machineCpu(), us: await usedUs([api, ...own]) }
    const [apiPercent = 0, ...ofWorkers] = after.us.map((us, index) => (us - (before.us[index] ?? 0)) / 10 / wallMs)
    measured.push({
      limit,
      workers: own.length,
      jobsPerSecond: (shape.clients * shape.jobsPerClient * 1000) / wallMs,
      workersPercent: ofWorkers.reduce((sum, percent) => sum + percent, 0),
      apiPercent,
      machinePercent: busyPercent(before.machine, after.machine),
      checked,
    })
  }
  return measured
}
