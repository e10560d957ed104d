import { setTimeout } from 'node:timers/promises'
import type { Benchmark, RunOptions } from '../benchmark.ts'
import { loadRelay } from '../load/relay-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { readHeapLimit, readMemory } from '../probe/memory.ts'
import { startApiServer } from '../processes/api-server.ts'
import { startLoad, startVendor } from '../processes/child-servers.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { countHeld, releaseHeld } from '../vendor/release-held.ts'
import { peakMb } from './peak-memory.ts'

const HEAP_MB = 128
/** 1,000 streams of 10 tokens a second: as many tokens a second as in `relay`. */
const LOAD = { clients: 1000, jobsPerClient: 1, arrivalMs: 1000, tokens: 256, pauseMs: 100 }
/** How often the vendor is asked whether all jobs run. */
const LOOK_MS = 50

interface Outcome {
  readonly version: ServerVersion['name']
  readonly limitMb: number
  /** Live memory, after a garbage collection: before the jobs, while all of them run, and behind them. */
  readonly liveMb: readonly [number, number, number]
  readonly peakMb: number
  readonly wallMs: number
  readonly checked: Checked
}

/** Whether a small heap is enough for many running jobs. A server that runs out of memory ends, and the benchmark fails. */
export const heap: Benchmark = {
  name: 'heap',
  title: '1,000 jobs that run at once, with a reader each, in a server with a heap of 128 MB; 256 tokens, 100 ms apart',
  run: async (options) => {
    const outcomes: Outcome[] = []
    for (const version of options.versions) outcomes.push(await runJobs(version, options))
    return {
      head: ['', 'heap limit MB', 'live MB before', 'while all run', 'behind them', 'peak RSS MB', 'wall ms'],
      rows: outcomes.map(({ version, limitMb, liveMb, wallMs, ...outcome }) => [
        version,
        limitMb.toFixed(0),
        ...liveMb.map((mb) => mb.toFixed(1)),
        outcome.peakMb.toFixed(0),
        wallMs.toFixed(0),
      ]),
      verdicts: outcomes.map(({ version, checked }) => ({
        what: `${version === 'server' ? '' : 'other: '}texts that are wrong or cut off, of ${checked.streams}`,
        measured: checked.wrong.length,
        limit: 0,
        unit: 'texts',
      })),
      checked: outcomes.map(({ checked }) => checked),
      figures: outcomes,
    }
  },
}

async function runJobs(version: ServerVersion, { isQuick }: RunOptions): Promise<Outcome> {
  const shape = isQuick ? { ...LOAD, clients: 50, tokens: 16, pauseMs: 10 } : LOAD
  await using vendor = await startVendor()
  await using load = startLoad()
  await using server = await startApiServer({
    version,
    vendorUrl: vendor.url,
    nodeArguments: [`--max-old-space-size=${HEAP_MB}`],
  })
  const before = await liveMb(server.process)
  const running = load.run(loadRelay, { ...shape, url: server.url, target: 'server', isHeld: true })
  const together = async () => {
    while ((await vendor.process.run(countHeld, null)) < shape.clients) await setTimeout(LOOK_MS)
    const live = await liveMb(server.process)
    await vendor.process.run(releaseHeld, null)
    return live
  }
  const [{ wallMs, checked }, during] = await Promise.all([running, together()])
  return {
    version: version.name,
    limitMb: (await server.process.run(readHeapLimit, null)) / 2 ** 20,
    liveMb: [before, during, await liveMb(server.process)],
    peakMb: await peakMb([server.process]),
    wallMs,
    checked,
  }
}

async function liveMb(process: TaskProcess): Promise<number> {
  const { heapUsedBytes, externalBytes } = await process.run(readMemory, null)
  return (heapUsedBytes + externalBytes) / 2 ** 20
}
