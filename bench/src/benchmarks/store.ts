import type { Benchmark } from '../benchmark.ts'
import { loadSteadyPosts } from '../load/steady-posts-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { type LoopDelay, readLoopDelay, watchLoopDelay } from '../probe/loop-delay.ts'
import { readUsage, usageBetween } from '../probe/usage.ts'
import { startApiServer } from '../processes/api-server.ts'
import { startLoad, startVendor } from '../processes/child-servers.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import { quantile } from '../report/statistics.ts'
import { peakMb } from './peak-memory.ts'
import { smallJobs, writeJobsFile } from './stored-jobs.ts'

interface StoreRound {
  readonly version: ServerVersion['name']
  readonly stored: number
  readonly startUpMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly loopDelay: LoopDelay
  readonly cpuUsPerJob: number
  readonly peakMb: number
  readonly checked: readonly Checked[]
}

const HEAD = [
  'stored jobs',
  'POST p50 ms',
  'p99 ms',
  'p99, × empty',
  'loop delay max ms',
  'p99',
  'CPU µs/job',
  'start-up ms',
  'peak RSS MB',
]

/** The cost of a new job in a store with many jobs. */
export const store: Benchmark = {
  name: 'store',
  title: 'POST /jobs, 50 a second, with 0 to 50,000 jobs of 2 KB in the store',
  run: async ({ isQuick, versions }) => {
    const sizes = isQuick ? [0, 100] : [0, 1000, 10_000, 50_000]
    const rounds: StoreRound[] = []
    for (const size of sizes) {
      for (const version of versions) rounds.push(await withStored(version, size, isQuick ? 10 : 600))
    }
    const timesEmpty = ({ version, p99Ms }: StoreRound) =>
      p99Ms / (rounds.find((round) => round.version === version)?.p99Ms ?? Number.NaN)
    return {
      head: HEAD,
      rows: rounds.map((round) => rowOf(round, timesEmpty(round))),
      verdicts: rounds.slice(-versions.length).map((largest) => ({
        what: `${largest.version === 'server' ? '' : 'other: '}POST p99 with ${largest.stored} stored jobs`,
        measured: timesEmpty(largest),
        unit: '× empty',
      })),
      checked: rounds.flatMap(({ checked }) => checked),
      figures: rounds,
    }
  },
}

function rowOf(round: StoreRound, timesEmpty: number): string[] {
  const { version, stored, p50Ms, p99Ms, loopDelay, cpuUsPerJob, startUpMs } = round
  return [
    version === 'server' ? String(stored) : `${stored}, other`,
    p50Ms.toFixed(1),
    p99Ms.toFixed(1),
    timesEmpty.toFixed(2),
    loopDelay.maxMs.toFixed(1),
    loopDelay.p99Ms.toFixed(1),
    cpuUsPerJob.toFixed(0),
    startUpMs.toFixed(0),
    round.peakMb.toFixed(0),
  ]
}

async function withStored(version: ServerVersion, stored: number, posts: number): Promise<StoreRound> {
  await using vendor = await startVendor()
  await using load = startLoad()
  await using server = await startApiServer({
    version,
    vendorUrl: vendor.url,
    fill: (folder) => writeJobsFile(folder, smallJobs(stored)),
  })
  const steady = { url: server.url, perSecond: 50, promptChars: 1800 }
  const warmUp = await load.run(loadSteadyPosts, { ...steady, count: Math.ceil(posts / 6), firstSeed: 0 })
  await server.process.run(watchLoopDelay, null)
  const before = await server.process.run(readUsage, null)
  const { postMs, checked } = await load.run(loadSteadyPosts, { ...steady, count: posts, firstSeed: posts })
  const { processUs } = usageBetween(before, await server.process.run(readUsage, null))
  return {
    version: version.name,
    stored,
    startUpMs: server.startUpMs,
    p50Ms: quantile(postMs, 0.5),
    p99Ms: quantile(postMs, 0.99),
    loopDelay: await server.process.run(readLoopDelay, null),
    cpuUsPerJob: processUs / posts,
    peakMb: await peakMb([server.process]),
    checked: [warmUp.checked, checked],
  }
}
