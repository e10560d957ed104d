import type { Benchmark } from '../benchmark.ts'
import { loadSteadyPosts } from '../load/steady-posts-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { type CpuTime, cpuBetween, readCpu } from '../probe/cpu.ts'
import { type LoopDelay, readLoopDelay, watchLoopDelay } from '../probe/loop-delay.ts'
import { startApiServer } from '../processes/api-server.ts'
import { startLoad, startVendor } from '../processes/child-servers.ts'
import { quantile } from '../report/statistics.ts'
import { smallJobs, writeJobsFile } from './stored-jobs.ts'

interface StoreRound {
  readonly stored: number
  readonly startUpMs: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly loopDelay: LoopDelay
  readonly cpuUsPerJob: CpuTime
  readonly checked: readonly Checked[]
}

/** What a store that has grown costs a new job. */
export const store: Benchmark = {
  name: 'store',
  title: 'POST /jobs, 50 a second, with 0 to 50,000 jobs of 2 KB in the store',
  run: async ({ isQuick, checkout }) => {
    const sizes = isQuick ? [0, 100] : [0, 1000, 10_000, 50_000]
    const rounds: StoreRound[] = []
    for (const size of sizes) rounds.push(await withStored(size, isQuick ? 10 : 600, checkout))
    const emptyP99Ms = rounds[0]?.p99Ms ?? Number.NaN
    const largest = rounds.at(-1)
    return {
      head: [
        'stored jobs',
        'POST p50 ms',
        'p99 ms',
        'p99, × empty',
        'loop delay max ms',
        'p99',
        'CPU µs/job',
        'start-up ms',
      ],
      rows: rounds.map(({ stored, p50Ms, p99Ms, loopDelay, cpuUsPerJob, startUpMs }) => [
        String(stored),
        p50Ms.toFixed(1),
        p99Ms.toFixed(1),
        (p99Ms / emptyP99Ms).toFixed(2),
        loopDelay.maxMs.toFixed(1),
        loopDelay.p99Ms.toFixed(1),
        cpuUsPerJob.processUs.toFixed(0),
        startUpMs.toFixed(0),
      ]),
      verdicts: [
        {
          what: `POST p99 with ${largest?.stored} stored jobs`,
          measured: (largest?.p99Ms ?? Number.NaN) / emptyP99Ms,
          unit: '× empty',
        },
      ],
      checked: rounds.flatMap(({ checked }) => checked),
      figures: rounds,
    }
  },
}

async function withStored(stored: number, posts: number, checkout: string | undefined): Promise<StoreRound> {
  await using vendor = await startVendor()
  await using load = startLoad()
  await using server = await startApiServer({
    vendorUrl: vendor.url,
    checkout,
    fill: (folder) => writeJobsFile(folder, smallJobs(stored)),
  })
  const steady = { url: server.url, perSecond: 50, promptChars: 1800 }
  const warmUp = await load.run(loadSteadyPosts, { ...steady, count: Math.ceil(posts / 6), firstSeed: 0 })
  await server.process.run(watchLoopDelay, null)
  const before = await server.process.run(readCpu, null)
  const { postMs, checked } = await load.run(loadSteadyPosts, { ...steady, count: posts, firstSeed: posts })
  const { processUs, mainThreadUs } = cpuBetween(before, await server.process.run(readCpu, null))
  return {
    stored,
    startUpMs: server.startUpMs,
    p50Ms: quantile(postMs, 0.5),
    p99Ms: quantile(postMs, 0.99),
    loopDelay: await server.process.run(readLoopDelay, null),
    cpuUsPerJob: { processUs: processUs / posts, mainThreadUs: mainThreadUs / posts },
    checked: [warmUp.checked, checked],
  }
}
