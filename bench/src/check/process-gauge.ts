import { closeIdleStreams, openIdleStreams } from '../load/idle-load.ts'
import { readMemory } from '../probe/memory.ts'
import { startApiServer } from '../processes/api-server.ts'
import { startLoad, startVendor } from '../processes/child-servers.ts'
import { builtServer, helloServer, startOnce } from '../processes/timed-start.ts'
import { lowerQuartile } from '../report/statistics.ts'
import type { Gauge } from './gauge.ts'

const STARTS = 6
const STREAMS = 500
const JOB = { seed: 5, tokens: 3, pauseMs: 1, isEndless: true }

/** What a process costs before it has work: its start, its heap, and the heap of streams that wait. */
export const processGauge: Gauge = {
  name: 'process',
  measure: async (version, effort) => {
    const floorMs: number[] = []
    const serverMs: number[] = []
    for (let start = 0; start < STARTS * effort; start += 1) {
      floorMs.push((await startOnce(helloServer())).cpuMs)
      serverMs.push((await startOnce(builtServer(version))).cpuMs)
    }
    await using vendor = await startVendor()
    await using load = startLoad()
    await using server = await startApiServer({ version, vendorUrl: vendor.url })
    const { url, process } = server
    const started = await process.run(readMemory, null)
    // The first stream loads code, and is not counted.
    await load.run(openIdleStreams, { url, streams: 1, script: JOB })
    const one = await process.run(readMemory, null)
    await load.run(openIdleStreams, { url, streams: STREAMS + 1, script: JOB })
    const all = await process.run(readMemory, null)
    const checked = await load.run(closeIdleStreams, { url, seed: JOB.seed, tokens: JOB.tokens })
    return {
      figures: [
        { name: 'start: CPU', value: lowerQuartile(serverMs) / lowerQuartile(floorMs), unit: '× floor' },
        { name: 'start: heap', value: started.heapUsedBytes / 1000, unit: 'KB' },
        { name: 'an idle stream: heap', value: (all.heapUsedBytes - one.heapUsedBytes) / STREAMS, unit: 'bytes' },
      ],
      checked: [checked],
    }
  },
}
