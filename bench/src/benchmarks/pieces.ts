import type { Benchmark, RunOptions, Verdict } from '../benchmark.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import { startApiServers } from '../processes/api-server.ts'
import { startLoad, startProxyFloor, startVendor } from '../processes/child-servers.ts'
import { median, withSpread } from '../report/statistics.ts'
import { Pieces } from '../vendor/script.ts'
import { type Contestant, checkedOf, type Measured, measureInTurns, ratiosOf } from './cpu-rounds.ts'
import { BURST, RELAY, WARM_UP_ROUNDS } from './relay.ts'

const KINDS = Pieces.options

const NAMES: Readonly<Record<Pieces, string>> = {
  text: 'text',
  reasoning: 'reasoning',
  tool: 'arguments of a tool call',
}

/** The load, and how much a piece of any kind may cost, times the floor. */
const LOADS = [
  { name: 'relay', shape: RELAY, limit: 1.4 },
  { name: 'burst', shape: BURST, limit: 1.5 },
] as const

/** A kind of pieces under a load: the proxy that pipes them, and the server. */
interface Pair {
  readonly kind: Pieces
  readonly floor: Measured
  readonly server: Measured
}

/** What reasoning and tool calls cost, against the same bytes through a pipe, and against text in the same view. */
export const pieces: Benchmark = {
  name: 'pieces',
  title:
    'relay and burst in the view full: the vendor sends the tokens as text, as reasoning, or as arguments of a tool call',
  run: async (options) => {
    const loads = []
    for (const { name, shape, limit } of LOADS) loads.push({ name, limit, pairs: await compare(shape, options) })
    const costs = ({ rounds }: Measured) => withSpread(rounds.map(({ processUs }) => processUs))
    return {
      head: ['load', 'pieces', 'CPU µs/piece: floor', 'server', '× floor', '× text'],
      rows: loads.flatMap(({ name, pairs }) =>
        pairs.map(({ kind, floor, server }) => [
          name,
          NAMES[kind],
          costs(floor),
          costs(server),
          withSpread(ratiosOf(server, floor), 2),
          withSpread(ratiosOf(server, pairs[0]?.server ?? server), 2),
        ]),
      ),
      verdicts: loads.flatMap(({ name, limit, pairs }) =>
        pairs.map(
          ({ kind, floor, server }): Verdict => ({
            what: `${name}, CPU a piece, ${NAMES[kind]}`,
            measured: median(ratiosOf(server, floor)),
            limit,
            unit: '× floor',
          }),
        ),
      ),
      checked: loads.flatMap(({ pairs }) => pairs.flatMap(({ floor, server }) => [floor, server].flatMap(checkedOf))),
      figures: loads,
    }
  },
}

async function compare(load: typeof RELAY, { isQuick, rounds, versions }: RunOptions): Promise<Pair[]> {
  const shape = isQuick ? { ...load, clients: 5, jobsPerClient: 1, tokens: 16 } : load
  await using stack = new AsyncDisposableStack()
  const vendor = stack.use(await startVendor())
  const client = stack.use(startLoad())
  const proxy = stack.use(await startProxyFloor(vendor.url))
  const [server] = await startApiServers(versions.slice(0, 1), stack, { vendorUrl: vendor.url })
  if (!server) throw new Error('There is no server to measure')
  const contestants = KINDS.flatMap((kind): Contestant[] => {
    const asked: Omit<RelayLoad, 'url' | 'target'> = { ...shape, view: 'full', pieces: kind }
    const run = (url: string, target: 'proxy' | 'server') => () => client.run(loadRelay, { ...asked, url, target })
    return [
      { name: 'floor', processes: [proxy.process], load: run(proxy.url, 'proxy') },
      { name: 'server', processes: [server.process], load: run(server.url, 'server') },
    ]
  })
  const measured = await measureInTurns(contestants, {
    warmUpRounds: isQuick ? 1 : Math.ceil(WARM_UP_ROUNDS / KINDS.length),
    rounds: rounds ?? (isQuick ? 1 : 9),
    tokens: shape.clients * shape.jobsPerClient * shape.tokens,
  })
  return KINDS.flatMap((kind, index) => {
    const [floor, tested] = measured.slice(2 * index)
    return floor && tested ? [{ kind, floor, server: tested }] : []
  })
}
