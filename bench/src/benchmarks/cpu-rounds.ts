import type { Report, Verdict } from '../benchmark.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { type CpuTime, cpuBetween, readCpu } from '../probe/cpu.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { median, withSpread } from '../report/statistics.ts'

/** What one round cost one process, in microseconds of CPU time a token. */
export interface Round extends CpuTime {
  readonly wallMs: number
  /** How busy it kept its core. */
  readonly corePercent: number
  readonly checked: Checked
}

export interface Contestant {
  readonly name: 'floor' | 'server'
  /** Of all of them together the CPU time is measured. */
  readonly processes: readonly TaskProcess[]
  /** Puts the load on; what it costs is measured. */
  readonly load: () => Promise<{ wallMs: number; checked: Checked }>
  /** Done before each round, not measured. */
  readonly prepare?: () => Promise<void>
}

/** One round, and its CPU time a token. */
export async function measureRound({ processes, load, prepare }: Contestant, tokens: number): Promise<Round> {
  await prepare?.()
  const before = await cpuOf(processes)
  const { wallMs, checked } = await load()
  const { processUs, mainThreadUs } = cpuBetween(before, await cpuOf(processes))
  const corePercent = processUs / 10 / wallMs
  return { processUs: processUs / tokens, mainThreadUs: mainThreadUs / tokens, wallMs, corePercent, checked }
}

async function cpuOf(processes: readonly TaskProcess[]): Promise<CpuTime> {
  const times = await Promise.all(processes.map((process) => process.run(readCpu, null)))
  return {
    processUs: times.reduce((sum, { processUs }) => sum + processUs, 0),
    mainThreadUs: times.reduce((sum, { mainThreadUs }) => sum + mainThreadUs, 0),
  }
}

/** Until the compiler has seen to what runs often: a server runs for weeks, and its first seconds tell little of that. */
const WARM_UP_ROUNDS = 5

/** Floor and server in turns, after some rounds each to warm up, so that both see the same noise of the machine. */
export async function measureInTurns(
  floor: Contestant,
  server: Contestant,
  { rounds, tokens }: { rounds: number; tokens: number },
): Promise<{ floor: Round[]; server: Round[] }> {
  const result: { floor: Round[]; server: Round[] } = { floor: [], server: [] }
  const warmUps = rounds > 1 ? WARM_UP_ROUNDS : 1
  for (let round = 0; round < warmUps + rounds; round += 1) {
    for (const contestant of [floor, server]) {
      const measured = await measureRound(contestant, tokens)
      if (round >= warmUps) result[contestant.name].push(measured)
    }
  }
  return result
}

/** The table, and as verdict the median of the rounds' ratios. */
export function reportCpu(rounds: { floor: Round[]; server: Round[] }, what: string, limit: number): Report {
  // Round by round: what the machine does besides changes with time, and hits neighbours alike.
  const ratios = rounds.server.map(({ processUs }, round) => processUs / (rounds.floor[round]?.processUs ?? Number.NaN))
  const ratio = median(ratios)
  const row = (name: string, of: readonly Round[], ratioText: string) => [
    name,
    withSpread(of.map((round) => round.processUs)),
    withSpread(of.map((round) => round.mainThreadUs)),
    ratioText,
    withSpread(
      of.map(({ corePercent }) => corePercent),
      0,
    ),
    withSpread(
      of.map(({ wallMs }) => wallMs),
      0,
    ),
  ]
  const verdicts: Verdict[] = [{ what, measured: ratio, limit, unit: '× floor' }]
  return {
    head: ['', 'CPU µs/token, process', 'main thread', 'ratio', 'core %', 'wall ms'],
    rows: [row('floor', rounds.floor, '1.00'), row('server', rounds.server, withSpread(ratios, 2))],
    verdicts,
    checked: [...rounds.floor, ...rounds.server].map(({ checked }) => checked),
    figures: { ratio, ...rounds },
  }
}
