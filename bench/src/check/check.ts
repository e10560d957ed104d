import type { Checked } from '../load/wrong-texts.ts'
import type { ServerVersion } from '../processes/server-version.ts'
import { median } from '../report/statistics.ts'
import { markdownTable } from '../report/table.ts'
import type { Figure, Gauge, Gauged } from './gauge.ts'
import { processGauge } from './process-gauge.ts'
import { type ReleaseFigures, readReleaseFigures } from './release-figures.ts'
import { storeGauge } from './store-gauge.ts'
import { tokenGauge } from './token-gauge.ts'

/** All that is measured, in this order. */
export const gauges: readonly Gauge[] = [tokenGauge, storeGauge, processGauge]

/** By how much a figure may exceed that of the release. */
const TOLERANCE = 0.1
/** How many times the usual rounds are run before a figure fails. */
const SECOND_EFFORT = 3

export interface CheckOutcome {
  /** A table of all figures, and why figures fail. */
  readonly text: string
  readonly hasPassed: boolean
  readonly checked: readonly Checked[]
}

/**
 * Compares the figures with those of the last release. A gauge with a figure that exceeds its own by more than a tenth is measured
 * again, with more rounds; a figure fails if it exceeds it both times.
 */
export async function checkFigures(version: ServerVersion, chosen: readonly Gauge[]): Promise<CheckOutcome> {
  const release = await readReleaseFigures()
  const rows: string[][] = []
  const reasons: string[] = []
  const checked: Checked[] = []
  for (const gauge of chosen) {
    const first = await gauge.measure(version, 1)
    const isOver = first.figures.some((figure) => exceeds(figure, release))
    const second = isOver ? await gauge.measure(version, SECOND_EFFORT) : undefined
    checked.push(...first.checked, ...(second?.checked ?? []))
    for (const figure of first.figures) {
      const again = second?.figures.find(({ name }) => name === figure.name)
      const hasFailed = exceeds(figure, release) && (again === undefined || exceeds(again, release))
      rows.push(rowOf(figure, again, release, hasFailed))
      if (hasFailed) reasons.push(reasonOf(again ?? figure, release))
    }
    rows.push(...(first.missing ?? []).map((sentence) => [`not measured: ${sentence}`]))
  }
  const head = ['figure', 'unit', `release ${release.version}`, 'measured', 'difference', 'again', '']
  const from = `The figures of the release are of ${release.date}: ${release.measuredOn}.`
  return {
    text: [from, '', markdownTable(head, rows), ...reasons].join('\n'),
    hasPassed: reasons.length === 0,
    checked,
  }
}

/** Measures the gauges several times. @param onRun is told the number of each run that is done */
export async function repeatFigures(
  version: ServerVersion,
  chosen: readonly Gauge[],
  runs: number,
  onRun: (run: number, figures: readonly Figure[]) => void,
): Promise<{ figures: ReleaseFigures['figures']; checked: Checked[] }> {
  const values = new Map<string, { unit: string; values: number[] }>()
  const checked: Checked[] = []
  for (let run = 1; run <= runs; run += 1) {
    const all: Gauged[] = []
    for (const gauge of chosen) all.push(await gauge.measure(version, 1))
    checked.push(...all.flatMap((one) => one.checked))
    for (const { name, unit, value } of all.flatMap(({ figures }) => figures)) {
      const entry = values.get(name) ?? { unit, values: [] }
      values.set(name, entry)
      entry.values.push(value)
    }
    onRun(
      run,
      all.flatMap(({ figures }) => figures),
    )
  }
  const figures = [...values].map(([name, { unit, values: all }]) => {
    const rounded = [median(all), Math.min(...all), Math.max(...all)].map((value) => Number(value.toPrecision(4)))
    const [middle = 0, low = 0, high = 0] = rounded
    return [name, { unit, median: middle, low, high }] as const
  })
  return { figures: Object.fromEntries(figures), checked }
}

/** How far the figures of several runs lie apart. */
export function spreadTable(figures: ReleaseFigures['figures']): string {
  const rows = Object.entries(figures).map(([name, { unit, median: middle, low, high }]) => [
    name,
    unit,
    digits(middle),
    percent(low / middle - 1),
    percent(high / middle - 1),
  ])
  return markdownTable(['figure', 'unit', 'median', 'lowest', 'highest'], rows)
}

function exceeds({ name, value }: Figure, { figures }: ReleaseFigures): boolean {
  const known = figures[name]
  return known !== undefined && value > known.median * (1 + TOLERANCE)
}

function rowOf(figure: Figure, again: Figure | undefined, { figures }: ReleaseFigures, hasFailed: boolean): string[] {
  const { name, unit, value } = figure
  const known = figures[name]
  if (!known) return [name, unit, '', digits(value), '', '', 'new']
  const twice = again ? `${digits(again.value)} (${percent(again.value / known.median - 1)})` : ''
  const verdict = hasFailed ? '**failed**' : 'passed'
  return [name, unit, digits(known.median), digits(value), percent(value / known.median - 1), twice, verdict]
}

function reasonOf({ name, value, unit }: Figure, { figures, version }: ReleaseFigures): string {
  const known = figures[name]?.median ?? Number.NaN
  const more = percent(value / known - 1)
  return `\n${name} failed: ${digits(value)} ${unit}, and ${digits(known)} in release ${version}. That is ${more}, also with ${SECOND_EFFORT} times as many rounds; +${TOLERANCE * 100} % is allowed.`
}

function digits(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(4)
}

function percent(share: number): string {
  return `${share >= 0 ? '+' : ''}${(share * 100).toFixed(1)} %`
}
