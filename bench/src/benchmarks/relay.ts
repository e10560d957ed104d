import type { Benchmark, Report, RunOptions } from '../benchmark.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import { startApiServer } from '../processes/api-server.ts'
import { startLoad, startProxyFloor, startVendor } from '../processes/child-servers.ts'
import { type Contestant, measureInTurns, measureRound, reportCpu } from './cpu-rounds.ts'
import { profiled } from './profiled.ts'

type Shape = Omit<RelayLoad, 'url' | 'target'> & { readonly rounds: number }

/** Jobs with a reader each, at the pace of a fast model. */
export const relay: Benchmark = {
  name: 'relay',
  title: '100 clients, each POST /jobs and its stream; the vendor sends 128 tokens, 10 ms apart',
  run: (options) =>
    relayOf(
      options.isQuick
        ? { clients: 5, waves: 1, tokens: 16, pauseMs: 10, rounds: 1 }
        : { clients: 100, waves: 1, tokens: 128, pauseMs: 10, rounds: 7 },
      1.5,
      options,
    ),
}

/** Jobs with a reader each, as fast as the vendor can send. */
export const burst: Benchmark = {
  name: 'burst',
  title: '20 clients as in relay, 8 times; the vendor sends 128 tokens without a pause, one network write each',
  run: (options) =>
    relayOf(
      options.isQuick
        ? { clients: 5, waves: 1, tokens: 16, pauseMs: 0, rounds: 1 }
        : { clients: 20, waves: 8, tokens: 128, pauseMs: 0, rounds: 7 },
      1.6,
      options,
    ),
}

async function relayOf({ rounds, ...shape }: Shape, limit: number, options: RunOptions): Promise<Report> {
  await using vendor = await startVendor()
  await using load = startLoad()
  await using proxy = await startProxyFloor(vendor.url)
  await using server = await startApiServer({ vendorUrl: vendor.url, checkout: options.checkout })
  const contestant = (name: Contestant['name'], target: RelayLoad['target'], { process, url }: typeof proxy) => ({
    name,
    processes: [process],
    load: () => load.run(loadRelay, { ...shape, url, target }),
  })
  const floor = contestant('floor', 'proxy', proxy)
  const tested = contestant('server', 'server', server)
  const tokens = shape.clients * shape.waves * shape.tokens
  const measured = await measureInTurns(floor, tested, { rounds, tokens })
  await profiled(server.process, options.profilePath, () => measureRound(tested, tokens))
  return { ...reportCpu(measured, 'CPU a token', limit), isProfiled: true }
}
