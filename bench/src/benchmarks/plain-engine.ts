import type { Benchmark } from '../benchmark.ts'
import type { FormName } from '../load/answer-forms.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import { startApiServers } from '../processes/api-server.ts'
import {
  type ChildServer,
  startLoad,
  startPlainEngine,
  startProxyFloor,
  startVendor,
} from '../processes/child-servers.ts'
import { median, withSpread } from '../report/statistics.ts'
import { type Contestant, checkedOf, type Measured, measureInTurns, ratiosOf } from './cpu-rounds.ts'
import { ONE_TOKEN } from './one-token.ts'
import { BURST, RELAY, WARM_UP_ROUNDS } from './relay.ts'

interface Part {
  readonly name: string
  readonly load: Omit<RelayLoad, 'url' | 'target'>
  /** With one request a job, or with two. */
  readonly form: FormName
}

const PARTS: readonly Part[] = [
  { name: 'one-token, one request', load: ONE_TOKEN, form: 'post' },
  { name: 'one-token, two requests', load: ONE_TOKEN, form: 'server' },
  { name: 'relay', load: RELAY, form: 'server' },
  { name: 'burst', load: BURST, form: 'server' },
]

const SMALL = { clients: 5, jobsPerClient: 4 }

/** What the pipe leaves out and no server of jobs can: a store that flushes, and a second request. */
export const plainEngine: Benchmark = {
  name: 'plain-engine',
  title: 'the loads of one-token, relay and burst at a durable engine on Fastify that does nothing else',
  run: async ({ isQuick, versions, rounds = isQuick ? 1 : 7 }) => {
    const measured: { readonly part: Part; readonly all: readonly Measured[] }[] = []
    for (const part of PARTS) {
      await using stack = new AsyncDisposableStack()
      const vendor = stack.use(await startVendor())
      const load = stack.use(startLoad())
      const shape = isQuick ? { ...part.load, ...SMALL } : part.load
      const contestant = (name: string, target: FormName, { process, url }: ChildServer): Contestant => ({
        name,
        processes: [process],
        load: () => load.run(loadRelay, { ...shape, url, target }),
      })
      const servers = await startApiServers(versions, stack, { vendorUrl: vendor.url })
      const all = await measureInTurns(
        [
          contestant('pipe', 'proxy', stack.use(await startProxyFloor(vendor.url))),
          contestant('plain engine', part.form, stack.use(await startPlainEngine(vendor.url))),
          ...servers.map((server) => contestant(server.version.name, part.form, server)),
        ],
        {
          warmUpRounds: isQuick ? 1 : WARM_UP_ROUNDS,
          rounds,
          tokens: shape.clients * shape.jobsPerClient * shape.tokens,
        },
      )
      measured.push({ part, all })
    }
    return {
      head: ['load', '', 'CPU µs/token', 'main thread', '× pipe', '× plain engine', 'writes/token', 'peak RSS MB'],
      rows: measured.flatMap(({ part, all }) => all.map((one) => [part.name, ...rowOf(one, all)])),
      verdicts: measured.flatMap(({ part, all: [pipe, engine] }) =>
        pipe && engine
          ? [{ what: `plain engine, ${part.name}`, measured: median(ratiosOf(engine, pipe)), unit: '× pipe' }]
          : [],
      ),
      checked: measured.flatMap(({ all }) => all.flatMap(checkedOf)),
      figures: measured,
    }
  },
}

function rowOf(one: Measured, [pipe = one, engine = one]: readonly Measured[]): string[] {
  return [
    one.name,
    withSpread(one.rounds.map(({ processUs }) => processUs)),
    withSpread(one.rounds.map(({ mainThreadUs }) => mainThreadUs)),
    withSpread(ratiosOf(one, pipe), 2),
    withSpread(ratiosOf(one, engine), 2),
    median(one.rounds.map(({ writes }) => writes)).toFixed(2),
    one.peakMb.toFixed(0),
  ]
}
