import { randomUUID } from 'node:crypto'
import type { Benchmark } from '../benchmark.ts'
import { loadResume } from '../load/resume-load.ts'
import { startApiServer } from '../processes/api-server.ts'
import { startLoad, startSliceFloor, startVendor } from '../processes/child-servers.ts'
import { median, quantile } from '../report/statistics.ts'
import { sampleText } from '../vendor/sample-text.ts'
import { completedJob, writeJobsFile } from './stored-jobs.ts'

/** How fast a client that was away has caught up. */
export const resume: Benchmark = {
  name: 'resume',
  title: 'from reconnect to the last byte of a text of 100 KB, at random cursors, one client at a time',
  run: async ({ isQuick, checkout }) => {
    const storedId = randomUUID()
    const seed = 3
    const tokens = isQuick ? 2000 : 23_000
    await using vendor = await startVendor()
    await using load = startLoad()
    await using floor = await startSliceFloor()
    await using server = await startApiServer({
      vendorUrl: vendor.url,
      checkout,
      fill: (folder) => writeJobsFile(folder, [completedJob(storedId, 'Go on.', sampleText(seed, tokens))]),
    })
    const params = { serverUrl: server.url, floorUrl: floor.url, storedId, seed, tokens }
    const warmUp = await load.run(loadResume, { ...params, rounds: isQuick ? 5 : 100 })
    const measured = await load.run(loadResume, { ...params, rounds: isQuick ? 10 : 300 })
    const floorMs = median(measured.floorMs)
    const row = (name: string, times: readonly number[]) => [
      name,
      ...[0.5, 0.9, 0.99, 1].map((share) => quantile(times, share).toFixed(2)),
      (median(times) / floorMs).toFixed(2),
    ]
    return {
      head: ['', 'median ms', 'p90', 'p99', 'max', 'median, × floor'],
      rows: [
        row('floor', measured.floorMs),
        row('stored job', measured.storedMs),
        row('job just ended', measured.endedMs),
        row('running job', measured.liveMs),
      ],
      verdicts: [
        { what: 'stored job, median', measured: median(measured.storedMs), unit: 'ms' },
        { what: 'job just ended, median', measured: median(measured.endedMs), unit: 'ms' },
        { what: 'running job, median', measured: median(measured.liveMs), unit: 'ms' },
      ],
      checked: [warmUp.checked, measured.checked],
      figures: measured,
    }
  },
}
