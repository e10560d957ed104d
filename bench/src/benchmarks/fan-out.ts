import type { Benchmark } from '../benchmark.ts'
import { broadcast } from '../floors/broadcast.ts'
import { attachReaders, readToEnd } from '../load/readers-load.ts'
import { startApiServers } from '../processes/api-server.ts'
import { type ChildServer, startBroadcastFloor, startLoad, startVendor } from '../processes/child-servers.ts'
import { releaseHeld } from '../vendor/release-held.ts'
import { type Contestant, measureInTurns, measureRound, reportCpu } from './cpu-rounds.ts'
import { profiled } from './profiled.ts'

const SEED = 11

/** One job, many readers. */
export const fanOut: Benchmark = {
  name: 'fan-out',
  title: 'one job, 500 readers, 250 tokens, 50 a second',
  run: async (options) => {
    const { readers, tokens, warmUpRounds, rounds } = options.isQuick
      ? { readers: 20, tokens: 20, warmUpRounds: 1, rounds: 1 }
      : { readers: 500, tokens: 250, warmUpRounds: 3, rounds: 5 }
    const text = { seed: SEED, tokens, pauseMs: 20 }
    await using stack = new AsyncDisposableStack()
    const vendor = stack.use(await startVendor())
    const load = stack.use(startLoad())
    const plain = stack.use(await startBroadcastFloor())
    const servers = await startApiServers(options.versions, stack, { vendorUrl: vendor.url })
    // The readers connect before the first token, so that only the cost of tokens is measured.
    const contestant = (
      name: string,
      { process, url }: ChildServer,
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
    const release = () => vendor.process.run(releaseHeld, null)
    const tested = servers.map((server) => ({
      server,
      contestant: contestant(server.version.name, server, held, release),
    }))
    const measured = await measureInTurns([floor, ...tested.map(({ contestant }) => contestant)], {
      warmUpRounds,
      rounds: options.rounds ?? rounds,
      tokens: readers * tokens,
    })
    for (const { server, contestant } of tested) {
      await profiled(server, options, () => measureRound(contestant, readers * tokens))
    }
    return { ...reportCpu(measured, 'CPU a token and reader', 1.1), isProfiled: true }
  },
}
