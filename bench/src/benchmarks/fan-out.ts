import type { Benchmark } from '../benchmark.ts'
import { broadcast } from '../floors/broadcast.ts'
import { attachReaders, readToEnd } from '../load/readers-load.ts'
import { startApiServer } from '../processes/api-server.ts'
import { startBroadcastFloor, startLoad, startVendor } from '../processes/child-servers.ts'
import { releaseHeld } from '../vendor/release-held.ts'
import { type Contestant, measureInTurns, measureRound, reportCpu } from './cpu-rounds.ts'
import { profiled } from './profiled.ts'

const SEED = 11

/** One job, many readers. */
export const fanOut: Benchmark = {
  name: 'fan-out',
  title: 'one job, 500 readers, 250 tokens, 50 a second',
  run: async ({ isQuick, profilePath, checkout }) => {
    const { readers, tokens, rounds } = isQuick
      ? { readers: 20, tokens: 20, rounds: 1 }
      : { readers: 500, tokens: 250, rounds: 5 }
    const text = { seed: SEED, tokens, pauseMs: 20 }
    await using vendor = await startVendor()
    await using load = startLoad()
    await using plain = await startBroadcastFloor()
    await using server = await startApiServer({ vendorUrl: vendor.url, checkout })
    // The readers are there before the first token; only what tokens cost is measured.
    const contestant = (
      name: Contestant['name'],
      { process, url }: typeof plain,
      script: (typeof text & { isHeld: true }) | undefined,
      begin: () => Promise<unknown>,
    ): Contestant => ({
      name,
      processes: [process],
      prepare: async () => void (await load.run(attachReaders, { url, readers, ...(script && { script }) })),
      load: async () => {
        const [outcome] = await Promise.all([load.run(readToEnd, { seed: SEED, tokens }), begin()])
        return outcome
      },
    })
    const floor = contestant('floor', plain, undefined, () => plain.process.run(broadcast, text))
    const held = { ...text, isHeld: true as const }
    const tested = contestant('server', server, held, () => vendor.process.run(releaseHeld, null))
    const measured = await measureInTurns(floor, tested, { rounds, tokens: readers * tokens })
    await profiled(server.process, profilePath, () => measureRound(tested, readers * tokens))
    return { ...reportCpu(measured, 'CPU a token and reader', 1.1), isProfiled: true }
  },
}
