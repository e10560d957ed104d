import { z } from 'zod'
import { buildPrograms } from '../processes/programs.ts'
import { prepareVersions } from '../processes/server-version.ts'
import { describeMachine, thisMachine } from '../report/machine.ts'
import { reportTexts } from '../report/texts.ts'
import { checkFigures, gauges, repeatFigures, spreadTable } from './check.ts'
import type { Figure } from './gauge.ts'
import { releaseVersion, writeReleaseFigures } from './release-figures.ts'

interface CompareOptions {
  readonly check: boolean
  readonly release: boolean
  readonly runs: string
}

/**
 * `--check`, `--release` and `--spread`: measures the stable figures, and compares them, writes them, or only prints them.
 * @param names the gauges. Default: all
 */
export async function compareWithRelease({ check, release, ...options }: CompareOptions, names: readonly string[]) {
  const runs = z.coerce.number().int().positive().parse(options.runs)
  const chosen = names.length > 0 ? gauges.filter(({ name }) => names.includes(name)) : gauges
  if (names.some((name) => !gauges.some((gauge) => gauge.name === name)) || (release && chosen !== gauges)) {
    throw new Error(`--check and --spread take ${gauges.map(({ name }) => name).join(', ')}; --release measures all`)
  }
  await buildPrograms()
  const versions = await prepareVersions()
  const [version] = versions
  if (!version) throw new Error('There is no server to measure')
  const measuredOn = describeMachine(thisMachine(versions))
  print(`${measuredOn}\n`)
  if (check) {
    const { text, hasPassed, checked } = await checkFigures(version, chosen)
    print(text)
    reportTexts(checked)
    if (!hasPassed) process.exitCode = 1
    return
  }
  const onRun = (run: number, values: readonly Figure[]) =>
    print(`run ${run} of ${runs}: ${values.map(({ value }) => value.toPrecision(4)).join(' ')}`)
  const { figures, checked } = await repeatFigures(version, chosen, runs, onRun)
  print(`\n${spreadTable(figures)}`)
  reportTexts(checked)
  if (!release) return
  await writeReleaseFigures({
    version: await releaseVersion(),
    measuredOn,
    date: new Date().toISOString(),
    runs,
    figures,
  })
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
