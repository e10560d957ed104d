import type { Benchmark, RunOptions, Verdict } from '../benchmark.ts'
import { loadFirstTokens, loadFirstTokensTogether } from '../load/first-token-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { type ApiServer, startApiServers } from '../processes/api-server.ts'
import { type ChildServer, startLoad, startProxyFloor, startVendor } from '../processes/child-servers.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { median, quantile } from '../report/statistics.ts'
import { peakMb } from './peak-memory.ts'
import { RELAY } from './relay.ts'

/** How much the server may add to the first token of a lone client. */
const ADDED_LIMIT_MS = 5
/** How much longer than at the pipe the first token may take, when 100 clients ask. */
const TOGETHER_LIMIT = 2

/** The processes of one run. */
interface Surroundings {
  readonly vendor: ChildServer
  readonly load: TaskProcess
  readonly proxy: ChildServer
  readonly servers: readonly ApiServer[]
}

interface Outcome {
  readonly rows: readonly (readonly string[])[]
  readonly verdicts: readonly Verdict[]
  readonly checked: readonly Checked[]
  readonly timesMs: unknown
}

/** The time that the server adds to the first token. */
export const firstToken: Benchmark = {
  name: 'first-token',
  title: 'time to the first token: one client at a time against the vendor itself; 100 clients against the pipe',
  run: async (options) => {
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const load = stack.use(startLoad())
    const proxy = stack.use(await startProxyFloor(vendor.url))
    const servers = await startApiServers(options.versions, stack, { vendorUrl: vendor.url })
    const surroundings = { vendor, load, proxy, servers }
    const alone = await measureAlone(surroundings, options)
    const together = await measureTogether(surroundings, options)
    const peaks = await Promise.all(
      servers.map(async ({ version, process }) => [
        `${version.name}: peak RSS MB`,
        (await peakMb([process])).toFixed(0),
      ]),
    )
    return {
      head: ['', 'median ms', 'p90', 'p99', 'max', 'median, × pipe'],
      rows: [...alone.rows, ...together.rows, ...peaks],
      verdicts: [...alone.verdicts, ...together.verdicts],
      checked: [...alone.checked, ...together.checked],
      figures: { aloneMs: alone.timesMs, togetherMs: together.timesMs },
    }
  },
}

async function measureAlone({ vendor, load, servers }: Surroundings, { isQuick }: RunOptions): Promise<Outcome> {
  const askedOf = [
    { url: vendor.url, target: 'proxy' as const },
    ...servers.map(({ url }) => ({ url, target: 'server' as const })),
  ]
  const warmUp = await load.run(loadFirstTokens, { askedOf, rounds: isQuick ? 5 : 300 })
  const measured = await load.run(loadFirstTokens, { askedOf, rounds: isQuick ? 10 : 400 })
  const [vendorMs = [], ...serversMs] = measured.timesMs
  const rows = [rowOf('vendor', vendorMs)]
  const verdicts: Verdict[] = []
  for (const [index, { version }] of servers.entries()) {
    const serverMs = serversMs[index] ?? []
    const addedMs = serverMs.map((ms, round) => ms - (vendorMs[round] ?? Number.NaN))
    rows.push(rowOf(version.name, serverMs), rowOf(`added by ${version.name}`, addedMs))
    const isOurs = version.name === 'server'
    const what = `${isOurs ? '' : 'other: '}added to the first token, median`
    verdicts.push({ what, measured: median(addedMs), unit: 'ms', ...(isOurs && { limit: ADDED_LIMIT_MS }) })
  }
  rows.push(rowOf('disk: one line, flushed', measured.diskMs))
  return { rows, verdicts, checked: [warmUp.checked, measured.checked], timesMs: measured.timesMs }
}

/** The load of `relay`, asked in one request and in two. */
async function measureTogether({ load, proxy, servers }: Surroundings, { isQuick }: RunOptions): Promise<Outcome> {
  const { clients, arrivalMs, tokens, pauseMs } = isQuick ? { ...RELAY, clients: 5, tokens: 16 } : RELAY
  const askedOf = [
    { name: 'pipe', url: proxy.url, target: 'proxy' as const },
    ...servers.flatMap(({ version, url }) => [
      { name: `${version.name}, POST /jobs that streams`, url, target: 'post' as const },
      { name: `${version.name}, POST /jobs and its stream`, url, target: 'server' as const },
    ]),
  ]
  const params = {
    askedOf: askedOf.map(({ url, target }) => ({ url, target })),
    clients,
    arrivalMs,
    tokens,
    pauseMs,
  }
  const warmUp = await load.run(loadFirstTokensTogether, { ...params, rounds: isQuick ? 1 : 8 })
  const measured = await load.run(loadFirstTokensTogether, { ...params, rounds: isQuick ? 1 : 12 })
  const [pipeMs = []] = measured.timesMs
  const timesPipe = (times: readonly number[]) => median(times) / median(pipeMs)
  const all = askedOf.map(({ name }, index) => ({ name, times: measured.timesMs[index] ?? [] }))
  return {
    rows: all.map(({ name, times }) => [...rowOf(`100 clients: ${name}`, times), timesPipe(times).toFixed(2)]),
    verdicts: all.slice(1).map(({ name, times }) => ({
      what: `first token of 100 clients, median, ${name}`,
      measured: timesPipe(times),
      unit: '× pipe',
      ...(name.startsWith('server') && { limit: TOGETHER_LIMIT }),
    })),
    checked: [warmUp.checked, measured.checked],
    timesMs: measured.timesMs,
  }
}

function rowOf(name: string, times: readonly number[]): string[] {
  return [name, ...[0.5, 0.9, 0.99, 1].map((share) => quantile(times, share).toFixed(2))]
}
