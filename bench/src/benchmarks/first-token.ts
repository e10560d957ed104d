import type { Benchmark, Verdict } from '../benchmark.ts'
import { loadFirstTokens } from '../load/first-token-load.ts'
import { startApiServers } from '../processes/api-server.ts'
import { startLoad, startVendor } from '../processes/child-servers.ts'
import { median, quantile } from '../report/statistics.ts'
import { peakMb } from './peak-memory.ts'

/** The time that the server adds to the first token. */
export const firstToken: Benchmark = {
  name: 'first-token',
  title: 'time to the first token, one client at a time: POST /jobs and its stream, against the vendor itself',
  run: async ({ isQuick, versions }) => {
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const load = stack.use(startLoad())
    const servers = await startApiServers(versions, stack, { vendorUrl: vendor.url })
    const askedOf = [
      { url: vendor.url, target: 'proxy' as const },
      ...servers.map(({ url }) => ({ url, target: 'server' as const })),
    ]
    const warmUp = await load.run(loadFirstTokens, { askedOf, rounds: isQuick ? 5 : 300 })
    const measured = await load.run(loadFirstTokens, { askedOf, rounds: isQuick ? 10 : 400 })
    const { timesMs, diskMs } = measured
    const [vendorMs = [], ...serversMs] = timesMs
    const row = (name: string, times: readonly number[], peak = '') => [
      name,
      ...[0.5, 0.9, 0.99, 1].map((share) => quantile(times, share).toFixed(2)),
      peak,
    ]
    const rows: string[][] = []
    const verdicts: Verdict[] = []
    for (const [index, { version, process }] of servers.entries()) {
      const serverMs = serversMs[index] ?? []
      const addedMs = serverMs.map((ms, round) => ms - (vendorMs[round] ?? Number.NaN))
      rows.push(row(version.name, serverMs, (await peakMb([process])).toFixed(0)))
      rows.push(row(`added by ${version.name}`, addedMs))
      const isOurs = version.name === 'server'
      const what = `${isOurs ? '' : 'other: '}added to the first token, median`
      verdicts.push({ what, measured: median(addedMs), unit: 'ms', ...(isOurs && { limit: 5 }) })
    }
    return {
      head: ['', 'median ms', 'p90', 'p99', 'max', 'peak RSS MB'],
      rows: [row('vendor', vendorMs), ...rows, row('disk: one line, flushed', diskMs)],
      verdicts,
      checked: [warmUp.checked, measured.checked],
      figures: { serversMs, vendorMs, diskMs },
    }
  },
}
