import type { Checked } from '../load/wrong-texts.ts'
import { loadLockStep } from '../lock-step/load.ts'
import { countAllocations, readAllocations } from '../probe/allocations.ts'
import { readUsage } from '../probe/usage.ts'
import { startLockStep } from '../processes/child-servers.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import { availableSetups, type Setup, startSetup } from '../processes/setups.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { lowerQuartile } from '../report/statistics.ts'
import type { Figure, Gauge } from './gauge.ts'

/** One client, so that no two jobs share a commit or a message. */
const LOAD = { target: 'server', clients: 1, jobsPerClient: 10, tokens: 16, tokensAtOnce: 1 } as const
const WARM_UP_ROUNDS = 6
const ROUNDS = 8

/** Writes and allocations of a job in the databases: each statement and each command is a write. */
export const storeGauge: Gauge = {
  name: 'stores',
  measure: async (version, effort) => {
    await using stack = new AsyncDisposableStack()
    const { setups, missing } = await availableSetups(stack)
    const figures: Figure[] = []
    const checked: Checked[] = []
    for (const setup of setups.filter(({ name, workers = 1 }) => name !== 'jobs.json' && workers === 1)) {
      const measured = await measureSetup(setup, version, effort)
      figures.push(...measured.figures)
      checked.push(...measured.checked)
    }
    return { figures, checked, missing }
  },
}

async function measureSetup(setup: Setup, version: ServerVersion, effort: number) {
  await using clients = await startLockStep()
  await using running = await startSetup(setup, version, clients.url)
  const checked: Checked[] = []
  const sumOf = async (read: (process: TaskProcess) => Promise<number>) =>
    (await Promise.all(running.processes.map(read))).reduce((sum, value) => sum + value, 0)
  const writesOf = () => sumOf(async (process) => (await process.run(readUsage, null)).writes)
  const runRound = async () => {
    await Promise.all(running.processes.map((process) => process.run(countAllocations, null)))
    const before = await writesOf()
    checked.push((await clients.process.run(loadLockStep, { ...LOAD, url: running.url })).checked)
    const writes = (await writesOf()) - before
    return { writes, bytes: await sumOf((process) => process.run(readAllocations, null)) }
  }
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) await runRound()
  const rounds: { writes: number; bytes: number }[] = []
  for (let round = 0; round < ROUNDS * effort; round += 1) rounds.push(await runRound())
  const perJob = (field: 'writes' | 'bytes') => lowerQuartile(rounds.map((one) => one[field])) / LOAD.jobsPerClient
  const name = `a job of 16 tokens, ${setup.name}`
  const figures: Figure[] = [
    { name: `${name}: writes`, value: perJob('writes'), unit: 'calls' },
    { name: `${name}: allocated`, value: perJob('bytes'), unit: 'bytes' },
  ]
  return { figures, checked }
}
