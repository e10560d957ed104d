import type { Benchmark, Verdict } from '../benchmark.ts'
import { buildPlayground, type ServerVersion } from '../processes/server-version.ts'
import { availableSetups, type Setup } from '../processes/setups.ts'
import {
  builtServer,
  helloServer,
  pnpmStart,
  type Startable,
  startOnce,
  type TimedStart,
} from '../processes/timed-start.ts'
import { median, withSpread } from '../report/statistics.ts'

const BUILT_LIMIT_MS = 400
const PNPM_LIMIT_MS = 1200

/** A way to start a server, and how long it may take. */
interface Way {
  readonly name: string
  readonly program: Startable
  readonly limitMs?: number
}

/** How long a start takes. */
export const start: Benchmark = {
  name: 'start',
  title: 'from the start of the process until it listens: the built server with each store, and pnpm start',
  run: async ({ isQuick, versions, rounds = isQuick ? 1 : 15 }) => {
    await using stack = new AsyncDisposableStack()
    const { setups, missing } = await availableSetups(stack)
    // A smoke test has no time for every store.
    const single = isQuick ? setups.slice(0, 1) : setups.filter(({ workers = 1 }) => workers === 1)
    const ways: Way[] = [{ name: 'floor: a node:http server', program: helloServer() }]
    for (const version of versions) ways.push(...single.map((setup) => builtWay(version, setup)))
    const [own] = isQuick ? [] : versions
    if (own) {
      await buildPlayground(own.checkout)
      ways.push({ name: 'pnpm start', program: pnpmStart(own.checkout), limitMs: PNPM_LIMIT_MS })
    }
    const starts = ways.map((): TimedStart[] => [])
    // The first start of each fills the caches, and is not counted.
    for (let round = isQuick ? 0 : -1; round < rounds; round += 1) {
      for (const [index, way] of ways.entries()) {
        const timed = await startOnce(way.program)
        if (round >= 0) starts[index]?.push(timed)
      }
    }
    const figures = ways.map((way, index) => ({ ...way, starts: starts[index] ?? [] }))
    const wallMs = (of: readonly TimedStart[]) => of.map((one) => one.wallMs)
    const floorMs = median(wallMs(starts[0] ?? []))
    return {
      head: ['', 'ms until it listens', '× floor', 'CPU ms, its own process'],
      rows: [
        ...figures.map(({ name, starts: of }) => [
          name,
          withSpread(wallMs(of), 0),
          (median(wallMs(of)) / floorMs).toFixed(2),
          withSpread(
            of.map(({ cpuMs }) => cpuMs),
            0,
          ),
        ]),
        ...missing.map((sentence) => [`not measured: ${sentence}`]),
      ],
      verdicts: figures.slice(1).map(
        ({ name, limitMs, starts: of }): Verdict => ({
          what: `until it listens, median, ${name}`,
          measured: median(wallMs(of)),
          ...(limitMs !== undefined && { limit: limitMs }),
          unit: 'ms',
        }),
      ),
      // There is no text to check here: each server that says that it listens counts.
      checked: [{ streams: starts.flat().length, wrong: [] }],
      figures: figures.map(({ name, starts: of }) => ({ name, starts: of })),
    }
  },
}

/** Without the probe, which would be loaded, too. */
function builtWay(version: ServerVersion, setup: Setup): Way {
  const isOurs = version.name === 'server'
  return {
    name: `${isOurs ? '' : 'other: '}built, ${setup.workers === undefined ? setup.name : 'PostgreSQL, Redis'}`,
    program: builtServer(version, setup.env),
    ...(isOurs && { limitMs: BUILT_LIMIT_MS }),
  }
}
