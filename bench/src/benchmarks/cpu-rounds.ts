import type { Report, Verdict } from '../benchmark.ts'
import type { Checked } from '../load/wrong-texts.ts'
import { readUsage, type Usage, usageBetween } from '../probe/usage.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { median, withSpread } from '../report/statistics.ts'
import { peakMb } from './peak-memory.ts'

/** One round. The usage is that of one token. */
export interface Round extends Usage {
  readonly wallMs: number
  /** How busy the processes kept a core. */
  readonly corePercent: number
  readonly checked: Checked
}

/** A floor or a server that takes part in the rounds. */
export interface Contestant {
  readonly name: string
  /** The usage is the sum over these processes. */
  readonly processes: readonly TaskProcess[]
  /** Runs the load; its usage is measured. */
  readonly load: () => Promise<{ wallMs: number; checked: Checked }>
  /** Runs before each round, and is not measured. */
  readonly prepare?: () => Promise<void>
}

/** The rounds of one contestant, and the largest RSS it had. */
export interface Measured {
  readonly name: string
  /** The rounds before the measured ones. */
  readonly warmUp: readonly Round[]
  readonly rounds: readonly Round[]
  /** The sum over its processes, in MB. */
  readonly peakMb: number
}

/** Runs one round. @param tokens how many tokens the load has */
export async function measureRound({ processes, load, prepare }: Contestant, tokens: number): Promise<Round> {
  await prepare?.()
  const before = await usageOf(processes)
  const { wallMs, checked } = await load()
  const { processUs, mainThreadUs, writes } = usageBetween(before, await usageOf(processes))
  return {
    processUs: processUs / tokens,
    mainThreadUs: mainThreadUs / tokens,
    writes: writes / tokens,
    wallMs,
    corePercent: processUs / 10 / wallMs,
    checked,
  }
}

async function usageOf(processes: readonly TaskProcess[]): Promise<Usage> {
  const all = await Promise.all(processes.map((process) => process.run(readUsage, null)))
  const sumOf = (field: keyof Usage) => all.reduce((sum, usage) => sum + usage[field], 0)
  return { processUs: sumOf('processUs'), mainThreadUs: sumOf('mainThreadUs'), writes: sumOf('writes') }
}

/** All contestants take turns, so that other work on the machine hits all of them alike. */
export async function measureInTurns(
  contestants: readonly Contestant[],
  { warmUpRounds, rounds, tokens }: { warmUpRounds: number; rounds: number; tokens: number },
): Promise<Measured[]> {
  const all = contestants.map((): Round[] => [])
  for (let round = 0; round < warmUpRounds + rounds; round += 1) {
    for (const [index, contestant] of contestants.entries()) all[index]?.push(await measureRound(contestant, tokens))
  }
  return await Promise.all(
    contestants.map(async ({ name, processes }, index) => ({
      name,
      warmUp: all[index]?.slice(0, warmUpRounds) ?? [],
      rounds: all[index]?.slice(warmUpRounds) ?? [],
      peakMb: await peakMb(processes),
    })),
  )
}

/**
 * For each round, the CPU time of one contestant divided by that of the other. Other work on the machine hits neighbouring
 * rounds alike, so the median of these ratios is more stable than the ratio of two medians.
 */
export function ratiosOf(of: Measured, to: Measured): number[] {
  return of.rounds.map(({ processUs }, round) => processUs / (to.rounds[round]?.processUs ?? Number.NaN))
}

/** The checks of all rounds, also of the warm-up. */
export function checkedOf({ warmUp, rounds }: Measured): Checked[] {
  return [...warmUp, ...rounds].map(({ checked }) => checked)
}

/**
 * The table, and a verdict for each server.
 * @param measured the floor, this checkout's server, and perhaps another one
 * @param peakLimitMb the target for the peak RSS of this checkout's server, if it has one
 */
export function reportCpu(measured: readonly Measured[], what: string, limit: number, peakLimitMb?: number): Report {
  const [floor, server, other] = measured
  if (!floor || !server) throw new Error('A floor and a server are needed for a ratio')
  const verdicts: Verdict[] = [{ what, measured: median(ratiosOf(server, floor)), limit, unit: '× floor' }]
  if (peakLimitMb !== undefined) {
    verdicts.push({ what: 'peak RSS', measured: server.peakMb, limit: peakLimitMb, unit: 'MB' })
  }
  if (other) {
    verdicts.push({ what: `other: ${what}`, measured: median(ratiosOf(other, floor)), unit: '× floor' })
    verdicts.push({ what: `other: ${what}`, measured: median(ratiosOf(other, server)), unit: '× server' })
  }
  return {
    head: [
      '',
      'CPU µs/token, process',
      'main thread',
      'ratio',
      'first round',
      'writes/token',
      'core %',
      'wall ms',
      'peak RSS MB',
    ],
    rows: measured.map((one) => rowOf(one, floor)),
    verdicts,
    checked: measured.flatMap(checkedOf),
    figures: measured,
  }
}

function rowOf(one: Measured, floor: Measured): string[] {
  const spread = (field: Exclude<keyof Round, 'checked'>, digits?: number) =>
    withSpread(
      one.rounds.map((round) => round[field]),
      digits,
    )
  return [
    one.name,
    spread('processUs'),
    spread('mainThreadUs'),
    one === floor ? '1.00' : withSpread(ratiosOf(one, floor), 2),
    one.warmUp[0]?.processUs.toFixed(1) ?? '',
    spread('writes', 2),
    spread('corePercent', 0),
    spread('wallMs', 0),
    one.peakMb.toFixed(0),
  ]
}
