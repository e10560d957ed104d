import { setTimeout } from 'node:timers/promises'
import type { Benchmark } from '../benchmark.ts'
import { closeIdleStreams, openIdleStreams } from '../load/idle-load.ts'
import { readMemory } from '../probe/memory.ts'
import { startApiServer } from '../processes/api-server.ts'
import { type ChildServer, startBroadcastFloor, startLoad, startVendor } from '../processes/child-servers.ts'
import type { TaskProcess } from '../processes/task-process.ts'

const JOB = { seed: 5, tokens: 3, pauseMs: 1, isEndless: true }

/** The server sends a comment after 15 s of silence; its memory counts too. */
const LONGER_THAN_A_HEARTBEAT_MS = 17_000

/** Memory of streams on which nothing happens. */
export const idle: Benchmark = {
  name: 'idle',
  title: 'memory of open streams of one silent job, after a heartbeat and a garbage collection',
  run: async ({ isQuick, checkout }) => {
    const levels = isQuick ? [0, 20, 40] : [0, 1000, 2000]
    const settleMs = isQuick ? 200 : LONGER_THAN_A_HEARTBEAT_MS
    await using vendor = await startVendor()
    await using load = startLoad()
    await using plain = await startBroadcastFloor()
    await using server = await startApiServer({ vendorUrl: vendor.url, checkout })

    const floorKb = await memoryKb(plain, load, levels, isQuick ? 200 : 1000)
    const serverKb = await memoryKb(server, load, levels, settleMs, JOB)
    const { seed, tokens } = JOB
    const checked = await load.run(closeIdleStreams, { url: server.url, seed, tokens })

    const row = (name: string, { resident: kb, heap }: MemoryKb) => [
      name,
      ...kb.map((value) => (value / 1000).toFixed(1)),
      ...levels.slice(1).map((_, index) => perStream(kb, levels, index, index + 1).toFixed(1)),
      perStream(kb, levels, 0, levels.length - 1).toFixed(1),
      perStream(heap, levels, 0, levels.length - 1).toFixed(1),
    ]
    return {
      head: [
        '',
        ...levels.map((level) => `RSS MB at ${level}`),
        ...levels.slice(1).map((level, index) => `KB/stream, ${levels[index]} to ${level}`),
        'KB/stream in all',
        'of it heap',
      ],
      rows: [row('floor', floorKb), row('server', serverKb)],
      verdicts: [
        {
          what: 'RSS a stream',
          measured: perStream(serverKb.resident, levels, 0, levels.length - 1),
          limit: 25,
          unit: 'KB',
        },
        // What a process has left over from its start can hide what the first streams take.
        {
          what: 'RSS a stream, last thousand',
          measured: perStream(serverKb.resident, levels, 1, 2),
          limit: 25,
          unit: 'KB',
        },
      ],
      checked: [checked],
      figures: { levels, floorKb, serverKb },
    }
  },
}

/** Memory at each level, in units of 1000 bytes. */
interface MemoryKb {
  /** RSS: what the operating system sees. */
  readonly resident: number[]
  /** What lives: JavaScript's heap and the buffers beside it. */
  readonly heap: number[]
}

async function memoryKb(
  { process, url }: ChildServer,
  load: TaskProcess,
  levels: readonly number[],
  settleMs: number,
  script?: typeof JOB,
): Promise<MemoryKb> {
  const result: MemoryKb = { resident: [], heap: [] }
  for (const streams of levels) {
    await load.run(openIdleStreams, { url, streams, ...(script && { script }) })
    await setTimeout(settleMs)
    const { rssBytes, heapUsedBytes, externalBytes } = await process.run(readMemory, null)
    result.resident.push(rssBytes / 1000)
    result.heap.push((heapUsedBytes + externalBytes) / 1000)
  }
  return result
}

function perStream(kb: readonly number[], levels: readonly number[], from: number, to: number): number {
  const difference = (values: readonly number[]) => (values[to] ?? Number.NaN) - (values[from] ?? Number.NaN)
  return difference(kb) / difference(levels)
}
