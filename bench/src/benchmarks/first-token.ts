import type { Benchmark } from '../benchmark.ts'
import { loadFirstTokens } from '../load/first-token-load.ts'
import { startApiServer } from '../processes/api-server.ts'
import { startLoad, startVendor } from '../processes/child-servers.ts'
import { median, quantile } from '../report/statistics.ts'

/** What the server adds to the time to the first token. */
export const firstToken: Benchmark = {
  name: 'first-token',
  title: 'time to the first token, one client at a time: POST /jobs and its stream, against the vendor itself',
  run: async ({ isQuick, checkout }) => {
    await using vendor = await startVendor()
    await using load = startLoad()
    await using server = await startApiServer({ vendorUrl: vendor.url, checkout })
    const urls = { serverUrl: server.url, vendorUrl: vendor.url }
    const warmUp = await load.run(loadFirstTokens, { ...urls, rounds: isQuick ? 5 : 100 })
    const measured = await load.run(loadFirstTokens, { ...urls, rounds: isQuick ? 10 : 400 })
    const { serverMs, vendorMs, diskMs } = measured
    const addedMs = serverMs.map((ms, index) => ms - (vendorMs[index] ?? Number.NaN))
    const row = (name: string, times: readonly number[]) => [
      name,
      ...[0.5, 0.9, 0.99, 1].map((share) => quantile(times, share).toFixed(2)),
    ]
    return {
      head: ['', 'median ms', 'p90', 'p99', 'max'],
      rows: [
        row('vendor', vendorMs),
        row('server', serverMs),
        row('added', addedMs),
        row('disk: one line, flushed', diskMs),
      ],
      verdicts: [{ what: 'added to the first token, median', measured: median(addedMs), limit: 5, unit: 'ms' }],
      checked: [warmUp.checked, measured.checked],
      figures: { serverMs, vendorMs, diskMs },
    }
  },
}
