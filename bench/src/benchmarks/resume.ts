import { randomUUID } from 'node:crypto'
import type { Benchmark, Verdict } from '../benchmark.ts'
import { loadResume } from '../load/resume-load.ts'
import { startApiServers } from '../processes/api-server.ts'
import { startLoad, startSliceFloor, startVendor } from '../processes/child-servers.ts'
import { median, quantile } from '../report/statistics.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { peakMb } from './peak-memory.ts'
import { completedJob, writeJobsFile } from './stored-jobs.ts'

/** How fast a client catches up when it reconnects. */
export const resume: Benchmark = {
  name: 'resume',
  title: 'from reconnect to the last byte of a text of 100 KB, at random cursors, one client at a time',
  run: async ({ isQuick, versions }) => {
    const storedId = randomUUID()
    const seed = 3
    const tokens = isQuick ? 2000 : 23_000
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const load = stack.use(startLoad())
    const floor = stack.use(await startSliceFloor())
    const servers = await startApiServers(versions, stack, {
      vendorUrl: vendor.url,
      fill: (folder) => writeJobsFile(folder, [completedJob(storedId, 'Go on.', sampleText(seed, tokens))]),
    })
    const params = { serverUrls: servers.map(({ url }) => url), floorUrl: floor.url, storedId, seed, tokens }
    const warmUp = await load.run(loadResume, { ...params, rounds: isQuick ? 5 : 100 })
    const measured = await load.run(loadResume, { ...params, rounds: isQuick ? 10 : 300 })
    const floorMs = median(measured.floorMs)
    const row = (name: string, times: readonly number[], peak: string) => [
      name,
      ...[0.5, 0.9, 0.99, 1].map((share) => quantile(times, share).toFixed(2)),
      (median(times) / floorMs).toFixed(2),
      peak,
    ]
    const peakOf = async ({ process }: Pick<typeof floor, 'process'>) => (await peakMb([process])).toFixed(0)
    const rows = [row('floor', measured.floorMs, await peakOf(floor))]
    const verdicts: Verdict[] = []
    for (const [index, server] of servers.entries()) {
      const times = measured.servers[index]
      if (!times) continue
      const prefix = server.version.name === 'server' ? '' : 'other: '
      const all = { 'stored job': times.storedMs, 'job just ended': times.endedMs, 'running job': times.liveMs }
      const peak = await peakOf(server)
      for (const [what, ms] of Object.entries(all)) {
        rows.push(row(`${prefix}${what}`, ms, peak))
        verdicts.push({ what: `${prefix}${what}, median`, measured: median(ms), unit: 'ms' })
      }
    }
    return {
      head: ['', 'median ms', 'p90', 'p99', 'max', 'median, × floor', 'peak RSS MB'],
      rows,
      verdicts,
      checked: [warmUp.checked, measured.checked],
      figures: measured,
    }
  },
}
