import type { Checked } from '../load/wrong-texts.ts'
import { type LockStepLoad, loadLockStep } from '../lock-step/load.ts'
import { countAllocations, readAllocations } from '../probe/allocations.ts'
import { readUsage, usageBetween } from '../probe/usage.ts'
import { startApiServer } from '../processes/api-server.ts'
import { type ChildServer, startLockStep, startProxyFloor } from '../processes/child-servers.ts'
import { lowerQuartile } from '../report/statistics.ts'
import type { Figure, Gauge } from './gauge.ts'

/** A load in lock-step, whose usage is told for one token or one job. */
interface Shape extends Omit<LockStepLoad, 'url' | 'target'> {
  readonly name: string
  /** How the server is asked. */
  readonly target: 'post' | 'server'
  /** Whether its CPU time, times the floor, is stable enough to be compared. */
  readonly hasStableCpu?: boolean
}

const SHAPES: readonly Shape[] = [
  {
    name: 'a token that comes alone',
    target: 'post',
    clients: 4,
    jobsPerClient: 2,
    tokens: 128,
    tokensAtOnce: 1,
    hasStableCpu: true,
  },
  { name: 'a token of eight at once', target: 'post', clients: 4, jobsPerClient: 1, tokens: 512, tokensAtOnce: 8 },
  { name: 'a job of one token', target: 'server', clients: 4, jobsPerClient: 12, tokens: 1, tokensAtOnce: 1 },
]
const WARM_UP_ROUNDS = 6
const ROUNDS = 12
/** Rounds in which the allocations are counted. Their CPU time is not. */
const COUNTED_ROUNDS = 4

/** What a round of a shape cost: CPU time in microseconds, and system calls that write. */
interface Cost {
  readonly us: number
  readonly writes: number
}

interface Pair {
  /** Undefined if the CPU time is not compared. */
  readonly floor: Cost | undefined
  readonly server: Cost
}

/** CPU time, allocations and writes of tokens and jobs with `jobs.json`, against the pipe. */
export const tokenGauge: Gauge = {
  name: 'tokens',
  measure: async (version, effort) => {
    await using clients = await startLockStep()
    await using floor = await startProxyFloor(clients.url)
    await using server = await startApiServer({ version, vendorUrl: clients.url })
    const checked: Checked[] = []
    const runRound = async (shape: Shape, { process, url }: ChildServer, target: LockStepLoad['target']) => {
      const before = await process.run(readUsage, null)
      const outcome = await clients.process.run(loadLockStep, { ...shape, url, target })
      const { processUs, writes } = usageBetween(before, await process.run(readUsage, null))
      checked.push(outcome.checked)
      return { us: processUs, writes }
    }
    const runPair = async (shape: Shape) => ({
      floor: shape.hasStableCpu ? await runRound(shape, floor, 'proxy') : undefined,
      server: await runRound(shape, server, shape.target),
    })
    for (let round = 0; round < WARM_UP_ROUNDS; round += 1) for (const shape of SHAPES) await runPair(shape)
    const figures: Figure[] = []
    for (const shape of SHAPES) {
      const pairs: Pair[] = []
      for (let round = 0; round < ROUNDS * effort; round += 1) pairs.push(await runPair(shape))
      const allocated: number[] = []
      for (let round = 0; round < COUNTED_ROUNDS * effort; round += 1) {
        await server.process.run(countAllocations, null)
        await runRound(shape, server, shape.target)
        allocated.push(await server.process.run(readAllocations, null))
      }
      figures.push(...figuresOf(shape, pairs, lowerQuartile(allocated)))
    }
    return { figures, checked }
  },
}

function figuresOf(
  { name, clients, jobsPerClient, tokens }: Shape,
  pairs: readonly Pair[],
  allocatedBytes: number,
): Figure[] {
  const units = clients * jobsPerClient * tokens
  const floorUs = pairs.flatMap(({ floor }) => (floor ? [floor.us] : []))
  const serverUs = lowerQuartile(pairs.map(({ server }) => server.us))
  const cpu = { name: `${name}: CPU`, value: serverUs / lowerQuartile(floorUs), unit: '× floor' }
  return [
    ...(floorUs.length > 0 ? [cpu] : []),
    { name: `${name}: allocated`, value: allocatedBytes / units, unit: 'bytes' },
    { name: `${name}: writes`, value: lowerQuartile(pairs.map(({ server }) => server.writes)) / units, unit: 'calls' },
  ]
}
