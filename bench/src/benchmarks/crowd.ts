import { setTimeout } from 'node:timers/promises'
import type { Benchmark, Report, RunOptions, Verdict } from '../benchmark.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { startApiServer } from '../processes/api-server.ts'
import { type ChildServer, startLoad, startVendor } from '../processes/child-servers.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import { CROWDS, type Crowd, QUICK_CROWDS } from './crowds.ts'
import { profiled } from './profiled.ts'
import { HEALTH_HEAD, healthCells, slowestMs, type WatchedPhase, Watcher } from './watched-phases.ts'

/** A health check that takes longer makes orchestrators and clients take a server for gone. */
const HEALTH_LIMIT_MS = 100
const STREAM_LIMIT_KB = 25

/** What a server or a floor did in one crowd. */
interface Outcome {
  readonly crowd: string
  readonly name: string
  readonly phases: readonly WatchedPhase[]
  /** RSS that was added by each open stream, after a garbage collection. Undefined: not measured. */
  readonly streamKb?: number | undefined
  readonly checked: readonly Checked[]
}

/** Whether a server answers others while thousands are served. */
export const crowd: Benchmark = {
  name: 'crowd',
  title: 'health checks while 5,000 clients read one job, 2,000 jobs run with a reader each, 10,000 streams are idle',
  run: async (options) => {
    const outcomes: Outcome[] = []
    for (const one of options.isQuick ? QUICK_CROWDS : CROWDS) {
      outcomes.push(await withFloor(one))
      for (const version of options.versions) outcomes.push(await withServer(one, version, options))
    }
    return reportOf(outcomes)
  },
}

async function withFloor(crowd: Crowd): Promise<Outcome> {
  await using vendor = await startVendor()
  await using floor = await crowd.startFloor(vendor.url)
  return await measure(crowd, 'floor', floor, vendor, true)
}

async function withServer(crowd: Crowd, version: ServerVersion, options: RunOptions): Promise<Outcome> {
  await using vendor = await startVendor()
  await using server = await startApiServer({ version, vendorUrl: vendor.url })
  let outcome: Outcome | undefined
  const work = async () => {
    outcome = await measure(crowd, version.name, server, vendor, false)
  }
  if (options.profilePathOf) await profiled(server, options, work, crowd.name)
  else await work()
  if (!outcome) throw new Error('The load did not run')
  return outcome
}

async function measure(
  crowd: Crowd,
  name: string,
  server: ChildServer,
  vendor: ChildServer,
  isFloor: boolean,
): Promise<Outcome> {
  await using load = startLoad()
  await using prober = startLoad()
  const watcher = new Watcher(server, prober)
  const target = { server, load, vendor, isFloor }
  await crowd.warmUp(target)
  const { checked, streamKb } = await crowd.run(target, (phase, work) => watcher.during(phase, work))
  // Connections that the clients closed are still being cleaned up.
  await watcher.during('after', () => setTimeout(crowd.afterMs))
  return { crowd: crowd.name, name, phases: watcher.phases, streamKb, checked: [checked] }
}

function reportOf(outcomes: readonly Outcome[]): Report {
  return {
    head: ['', '', 'phase', ...HEALTH_HEAD, 'RSS KB/stream'],
    rows: outcomes.flatMap(({ crowd, name, phases, streamKb }) =>
      phases.map((phase, index) => [
        crowd,
        name,
        phase.name,
        ...healthCells(phase),
        index === 0 && streamKb !== undefined ? streamKb.toFixed(1) : '',
      ]),
    ),
    verdicts: outcomes.filter(({ name }) => name !== 'floor').flatMap(verdictsOf),
    checked: outcomes.flatMap(({ checked }) => checked),
    isProfiled: true,
    profiledParts: [...new Set(outcomes.map(({ crowd }) => crowd))],
    figures: outcomes,
  }
}

function verdictsOf({ crowd, name, phases, streamKb }: Outcome): Verdict[] {
  const isOurs = name === 'server'
  const what = (figure: string) => `${isOurs ? '' : 'other: '}${crowd}: ${figure}`
  const verdicts: Verdict[] = [
    {
      what: what('slowest health check'),
      measured: slowestMs(phases),
      unit: 'ms',
      ...(isOurs && { limit: HEALTH_LIMIT_MS }),
    },
  ]
  if (streamKb !== undefined) {
    const limit = isOurs && { limit: STREAM_LIMIT_KB }
    verdicts.push({ what: what('RSS a stream'), measured: streamKb, unit: 'KB', ...limit })
  }
  return verdicts
}
