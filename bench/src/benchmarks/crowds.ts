import { setTimeout } from 'node:timers/promises'
import { broadcast } from '../floors/broadcast.ts'
import { closeIdleStreams, openIdleStreams } from '../load/idle-load.ts'
import { attachReaders, readToEnd } from '../load/readers-load.ts'
import { loadRelay } from '../load/relay-load.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { readMemory } from '../probe/memory.ts'
import { type ChildServer, startBroadcastFloor, startProxyFloor } from '../processes/child-servers.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { releaseHeld } from '../vendor/release-held.ts'

/** Where a load goes. */
interface Target {
  readonly server: ChildServer
  readonly load: TaskProcess
  readonly vendor: ChildServer
  /** Whether it is the floor, which has no jobs. */
  readonly isFloor: boolean
}

/** Runs a part of a load while health checks are timed. */
type During = <Result>(phase: string, work: () => Promise<Result>) => Promise<Result>

interface CrowdOutcome {
  readonly checked: Checked
  readonly streamKb?: number
}

/** A load of thousands of clients. */
export interface Crowd {
  readonly name: string
  /** How long health is watched after the last client has left, in milliseconds. */
  readonly afterMs: number
  startFloor(vendorUrl: string): Promise<ChildServer>
  /** A small load before, so that the code is compiled. */
  warmUp(target: Target): Promise<unknown>
  run(target: Target, during: During): Promise<CrowdOutcome>
}

interface Sizes {
  readonly readers: number
  readonly tokens: number
  readonly jobs: number
  readonly tokensOfJob: number
  readonly streams: number
  /** How many clients connect at once. */
  readonly atOnce: number
  readonly idleMs: number
  readonly afterMs: number
}

/** The keep-alives of 15 s come twice in it. */
const LONGER_THAN_TWO_KEEP_ALIVES_MS = 32_000

export const CROWDS = crowdsOf({
  readers: 5000,
  tokens: 250,
  jobs: 2000,
  tokensOfJob: 64,
  streams: 10_000,
  atOnce: 1000,
  idleMs: LONGER_THAN_TWO_KEEP_ALIVES_MS,
  afterMs: 5000,
})

export const QUICK_CROWDS = crowdsOf({
  readers: 50,
  tokens: 20,
  jobs: 20,
  tokensOfJob: 16,
  streams: 100,
  atOnce: 50,
  idleMs: 200,
  afterMs: 200,
})

const WARM_UP = { clients: 20, jobsPerClient: 5, arrivalMs: 0, tokens: 32, pauseMs: 5 }

function crowdsOf(sizes: Sizes): Crowd[] {
  const { afterMs } = sizes
  const warmUp = async ({ server: { url }, load, isFloor }: Target) =>
    isFloor ? undefined : await load.run(loadRelay, { ...WARM_UP, url, target: 'server' })
  const shared = { afterMs, warmUp, startFloor: startBroadcastFloor }
  return [
    { ...shared, name: 'readers', run: (target, during) => readersOfOneJob(sizes, target, during) },
    {
      ...shared,
      name: 'jobs',
      startFloor: startProxyFloor,
      run: (target, during) => during('all', () => jobsAtOnce(sizes, target)),
    },
    { ...shared, name: 'idle', run: (target, during) => idleStreams(sizes, target, during) },
  ]
}

/** Many readers of one job. */
async function readersOfOneJob(
  { readers, tokens, atOnce }: Sizes,
  { server: { url, process }, load, vendor, isFloor }: Target,
  during: During,
): Promise<CrowdOutcome> {
  const text = { seed: 11, tokens, pauseMs: 20 }
  const script = { ...text, isHeld: true }
  await during('connect', () => load.run(attachReaders, { url, readers, atOnce, ...(!isFloor && { script }) }))
  const begin = () => (isFloor ? process.run(broadcast, text) : vendor.process.run(releaseHeld, null))
  const { checked } = await during('read', async () => {
    const [outcome] = await Promise.all([load.run(readToEnd, { seed: text.seed, tokens }), begin()])
    return outcome
  })
  return { checked }
}

/** Many jobs that begin at one moment and end at one moment, with a reader each. */
async function jobsAtOnce(
  { jobs, tokensOfJob }: Sizes,
  { server: { url }, load, isFloor }: Target,
): Promise<CrowdOutcome> {
  return await load.run(loadRelay, {
    url,
    target: isFloor ? 'proxy' : 'server',
    clients: jobs,
    jobsPerClient: 1,
    arrivalMs: 0,
    tokens: tokensOfJob,
    pauseMs: 150,
  })
}

/** Many streams of jobs that say nothing. All leave at one moment. */
async function idleStreams(
  { streams, atOnce, idleMs }: Sizes,
  { server: { url, process }, load, isFloor }: Target,
  during: During,
): Promise<CrowdOutcome> {
  const script = { seed: 5, tokens: 3, pauseMs: 1, isEndless: true }
  const before = await process.run(readMemory, null)
  const opening = { url, streams, atOnce, ...(!isFloor && { script, jobs: 100 }) }
  await during('connect', () => load.run(openIdleStreams, opening))
  await during('idle', () => setTimeout(idleMs))
  const after = await process.run(readMemory, null)
  const checked = await during('leave', () =>
    load.run(closeIdleStreams, { url, seed: script.seed, tokens: isFloor ? 0 : script.tokens }),
  )
  return { checked, streamKb: (after.rssBytes - before.rssBytes) / streams / 1000 }
}
