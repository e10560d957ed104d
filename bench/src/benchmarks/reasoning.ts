import type { Benchmark, Report, RunOptions } from '../benchmark.ts'
import { loadRelay, type RelayLoad } from '../load/relay-load.ts'
import { startApiServers } from '../processes/api-server.ts'
import { startLoad, startVendor } from '../processes/child-servers.ts'
import { median, withSpread } from '../report/statistics.ts'
import { type Contestant, checkedOf, measureInTurns, ratiosOf } from './cpu-rounds.ts'
import { RELAY, WARM_UP_ROUNDS } from './relay.ts'

const LIMIT = 1.1

/** What a piece of reasoning costs, against a piece of text in the same view of the same server. */
export const reasoning: Benchmark = {
  name: 'reasoning',
  title: 'the load of relay in the view full: the vendor sends the tokens as reasoning, or as text',
  run: (options) =>
    options.isQuick
      ? compare({ ...RELAY, clients: 5, tokens: 16 }, 1, 1, options)
      : compare(RELAY, WARM_UP_ROUNDS, options.rounds ?? 9, options),
}

async function compare(
  shape: typeof RELAY,
  warmUpRounds: number,
  rounds: number,
  options: RunOptions,
): Promise<Report> {
  await using stack = new AsyncDisposableStack()
  const vendor = stack.use(await startVendor())
  const load = stack.use(startLoad())
  const [server] = await startApiServers(options.versions.slice(0, 1), stack, { vendorUrl: vendor.url })
  if (!server) throw new Error('There is no server to measure')
  const contestant = (isReasoning: boolean): Contestant => {
    const relay: RelayLoad = { ...shape, url: server.url, target: 'server', view: 'full', isReasoning }
    return { name: 'server', processes: [server.process], load: () => load.run(loadRelay, relay) }
  }
  const tokens = shape.clients * shape.jobsPerClient * shape.tokens
  const measured = await measureInTurns([contestant(false), contestant(true)], { warmUpRounds, rounds, tokens })
  const [text, thought] = measured
  if (!text || !thought) throw new Error('Two loads are needed for a ratio')
  const ratios = ratiosOf(thought, text)
  const costs = (of: typeof text) => withSpread(of.rounds.map(({ processUs }) => processUs))
  return {
    head: ['pieces', 'CPU µs/piece, process', 'ratio'],
    rows: [
      ['text', costs(text), '1.00'],
      ['reasoning', costs(thought), withSpread(ratios, 2)],
    ],
    verdicts: [{ what: 'CPU a piece of reasoning', measured: median(ratios), limit: LIMIT, unit: '× text' }],
    checked: measured.flatMap(checkedOf),
    figures: measured,
  }
}
