import type { Benchmark, Report, RunOptions } from '../benchmark.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import { startApiServers } from '../processes/api-server.ts'
import { type ChildServer, startLoad, startProxyFloor, startVendor } from '../processes/child-servers.ts'
import { type Contestant, measureInTurns, measureRound, reportCpu } from './cpu-rounds.ts'
import { profiled } from './profiled.ts'

type Shape = Omit<RelayLoad, 'url' | 'target'> & { readonly warmUpRounds: number; readonly rounds: number }

/**
 * The first thousand jobs cost up to twice as much as later ones, because V8 has not compiled their code yet. After 12 rounds
 * the cost stays the same (the curve is in docs/performance.md).
 */
export const WARM_UP_ROUNDS = 12

export const RELAY = { clients: 100, jobsPerClient: 1, arrivalMs: 100, tokens: 128, pauseMs: 10 }

/**
 * The clients begin at once and do not wait for each other, so 20 streams are open all the time. The cost of a token depends on
 * how many tokens come in one read, and that depends on the number of open streams.
 */
export const BURST = { clients: 20, jobsPerClient: 16, arrivalMs: 0, tokens: 128, pauseMs: 0 }

/** Jobs with a reader each, at the pace of a fast model. */
export const relay: Benchmark = {
  name: 'relay',
  title: '100 clients, each POST /jobs and its stream; the vendor sends 128 tokens, 10 ms apart',
  run: (options) =>
    relayOf(
      options.isQuick
        ? { ...RELAY, clients: 5, tokens: 16, warmUpRounds: 1, rounds: 1 }
        : { ...RELAY, warmUpRounds: WARM_UP_ROUNDS, rounds: 9 },
      { ratio: 1.4, peakMb: 150 },
      options,
    ),
}

/** Jobs with a reader each, as fast as the vendor can send. */
export const burst: Benchmark = {
  name: 'burst',
  title: '20 clients, each 16 jobs in a row; the vendor sends 128 tokens without a pause, one network write each',
  run: (options) =>
    relayOf(
      options.isQuick
        ? { ...BURST, clients: 5, tokens: 16, warmUpRounds: 1, rounds: 1 }
        : { ...BURST, warmUpRounds: WARM_UP_ROUNDS, rounds: 9 },
      { ratio: 1.5, peakMb: 170 },
      options,
    ),
}

async function relayOf(
  { warmUpRounds, rounds, ...shape }: Shape,
  limits: { readonly ratio: number; readonly peakMb: number },
  options: RunOptions,
): Promise<Report> {
  await using stack = new AsyncDisposableStack()
  const vendor = stack.use(await startVendor())
  const load = stack.use(startLoad())
  const proxy = stack.use(await startProxyFloor(vendor.url))
  const servers = await startApiServers(options.versions, stack, { vendorUrl: vendor.url })
  const contestant = (name: string, target: RelayLoad['target'], { process, url }: ChildServer): Contestant => ({
    name,
    processes: [process],
    load: () => load.run(loadRelay, { ...shape, url, target }),
  })
  const tested = servers.map((server) => ({ server, contestant: contestant(server.version.name, 'server', server) }))
  const tokens = shape.clients * shape.jobsPerClient * shape.tokens
  const measured = await measureInTurns(
    [contestant('floor', 'proxy', proxy), ...tested.map(({ contestant }) => contestant)],
    { warmUpRounds, rounds: options.rounds ?? rounds, tokens },
  )
  for (const { server, contestant } of tested) await profiled(server, options, () => measureRound(contestant, tokens))
  return { ...reportCpu(measured, 'CPU a token', limits.ratio, limits.peakMb), isProfiled: true }
}
