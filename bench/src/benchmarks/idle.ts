import { setTimeout } from 'node:timers/promises'
import type { Benchmark, Verdict } from '../benchmark.ts'
import { closeIdleStreams, openIdleStreams } from '../load/idle-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { readMemory } from '../probe/memory.ts'
import { startApiServer } from '../processes/api-server.ts'
import { type ChildServer, startBroadcastFloor, startLoad, startVendor } from '../processes/child-servers.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { peakMb } from './peak-memory.ts'

const JOB = { seed: 5, tokens: 3, pauseMs: 1, isEndless: true }

/** The server sends a keep-alive into a stream that is idle for 15 s; the memory for it counts too. */
const LONGER_THAN_A_KEEP_ALIVE_MS = 17_000

/** Memory of idle streams. */
export const idle: Benchmark = {
  name: 'idle',
  title: 'memory of open streams of one idle job, after a keep-alive and a garbage collection',
  run: async ({ isQuick, versions }) => {
    const levels = isQuick ? [0, 20, 40] : [0, 1000, 2000]
    const settleMs = isQuick ? 200 : LONGER_THAN_A_KEEP_ALIVE_MS
    await using vendor = await startVendor()
    await using load = startLoad()
    await using plain = await startBroadcastFloor()

    const memory = [{ name: 'floor', ...(await memoryKb(plain, load, levels, isQuick ? 200 : 1000)) }]
    const verdicts: Verdict[] = []
    const checked: Checked[] = []
    for (const version of versions) {
      await using server = await startApiServer({ version, vendorUrl: vendor.url })
      const kb = await memoryKb(server, load, levels, settleMs, JOB)
      checked.push(await load.run(closeIdleStreams, { url: server.url, seed: JOB.seed, tokens: JOB.tokens }))
      memory.push({ name: version.name, ...kb })
      verdicts.push(...verdictsOf(version, kb, levels))
    }
    return {
      head: headOf(levels),
      rows: memory.map((one) => rowOf(one, levels)),
      verdicts,
      checked,
      figures: { levels, memory },
    }
  },
}

/** Memory at each level, in units of 1000 bytes. */
interface MemoryKb {
  /** RSS, as the operating system counts it. */
  readonly resident: number[]
  /** JavaScript's live heap and its external buffers. */
  readonly heap: number[]
  /** The largest RSS, also between the levels. */
  readonly peak: number
}

async function memoryKb(
  { process, url }: ChildServer,
  load: TaskProcess,
  levels: readonly number[],
  settleMs: number,
  script?: typeof JOB,
): Promise<MemoryKb> {
  const resident: number[] = []
  const heap: number[] = []
  for (const streams of levels) {
    await load.run(openIdleStreams, { url, streams, ...(script && { script }) })
    await setTimeout(settleMs)
    const { rssBytes, heapUsedBytes, externalBytes } = await process.run(readMemory, null)
    resident.push(rssBytes / 1000)
    heap.push((heapUsedBytes + externalBytes) / 1000)
  }
  return { resident, heap, peak: (await peakMb([process])) * 1000 }
}

function headOf(levels: readonly number[]): string[] {
  return [
    '',
    ...levels.map((level) => `RSS MB at ${level}`),
    'peak RSS MB',
    ...levels.slice(1).map((level, index) => `KB/stream, ${levels[index]} to ${level}`),
    'KB/stream in all',
    'of it heap',
  ]
}

function rowOf({ name, resident, heap, peak }: MemoryKb & { name: string }, levels: readonly number[]): string[] {
  return [
    name,
    ...[...resident, peak].map((kb) => (kb / 1000).toFixed(1)),
    ...levels.slice(1).map((_, index) => perStream(resident, levels, index, index + 1).toFixed(1)),
    perStream(resident, levels, 0, levels.length - 1).toFixed(1),
    perStream(heap, levels, 0, levels.length - 1).toFixed(1),
  ]
}

function verdictsOf({ name }: ServerVersion, { resident }: MemoryKb, levels: readonly number[]): Verdict[] {
  const isOurs = name === 'server'
  const verdict = (what: string, measured: number): Verdict => ({
    what: `${isOurs ? '' : 'other: '}${what}`,
    measured,
    unit: 'KB',
    ...(isOurs && { limit: 25 }),
  })
  return [
    verdict('RSS a stream', perStream(resident, levels, 0, levels.length - 1)),
    // Memory that a process has left over from its start can hide the cost of the first streams.
    verdict('RSS a stream, last thousand', perStream(resident, levels, 1, 2)),
  ]
}

function perStream(kb: readonly number[], levels: readonly number[], from: number, to: number): number {
  const difference = (values: readonly number[]) => (values[to] ?? Number.NaN) - (values[from] ?? Number.NaN)
  return difference(kb) / difference(levels)
}
