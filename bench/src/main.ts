/** `pnpm bench [NAME…]`: builds the server, runs benchmarks, prints tables, writes bench/results/NAME.json. */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { Benchmark, RunOptions, Verdict } from './benchmark.ts'
import { benchmarks } from './benchmarks/index.ts'
import { compareWithRelease } from './check/command.ts'
import { buildPrograms } from './processes/programs.ts'
import { prepareVersions, type ServerVersion } from './processes/server-version.ts'
import { describeMachine, type Machine, thisMachine } from './report/machine.ts'
import { selfTimes } from './report/profile.ts'
import { markdownTable } from './report/table.ts'
import { reportTexts } from './report/texts.ts'

const RESULTS = new URL('../results/', import.meta.url)
const TOP_FUNCTIONS = 25

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      checkout: { type: 'string' },
      rounds: { type: 'string' },
      check: { type: 'boolean', default: false },
      release: { type: 'boolean', default: false },
      spread: { type: 'boolean', default: false },
      runs: { type: 'string', default: '10' },
      help: { type: 'boolean', default: false },
    },
  })
  if (!values.help && (values.check || values.release || values.spread)) {
    await compareWithRelease(values, positionals)
    return
  }
  const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name))
  if (values.help || unknown.length > 0) {
    print(usage(unknown))
    process.exitCode = unknown.length > 0 ? 1 : 0
    return
  }
  const rounds = z.coerce.number().int().positive().optional().parse(values.rounds)
  const chosen = positionals.length > 0 ? benchmarks.filter(({ name }) => positionals.includes(name)) : benchmarks
  await mkdir(RESULTS, { recursive: true })
  await buildPrograms()
  const versions = await prepareVersions(values.checkout)
  const machine = thisMachine(versions)
  print(describeMachine(machine))
  const verdicts: string[][] = []
  for (const benchmark of chosen) {
    const options = { isQuick: values.quick, versions, rounds, ...(values.profile && profilesOf(benchmark)) }
    verdicts.push(...(await runOne(benchmark, options, machine)))
  }
  const head = ['benchmark', 'what', 'measured', 'target', '']
  if (!values.quick) print(`\n## Targets\n\n${markdownTable(head, verdicts)}`)
}

async function runOne(benchmark: Benchmark, options: RunOptions, machine: Machine): Promise<string[][]> {
  const { name, title } = benchmark
  const { isQuick, versions, profilePathOf } = options
  print(`\n## ${name}: ${isQuick ? 'a small run of: ' : ''}${title}\n`)
  const report = await benchmark.run(options)
  print(markdownTable(report.head, report.rows))
  reportTexts(report.checked)
  await writeFile(pathOf(`${name}.json`), JSON.stringify({ name, isQuick, machine, ...report }, null, 2))
  if (profilePathOf && report.isProfiled) {
    for (const version of versions) {
      for (const part of report.profiledParts ?? [undefined]) {
        await printProfile(version.name, profilePathOf(version, part))
      }
    }
  }
  return report.verdicts.map((verdict) => verdictRow(name, verdict))
}

/** `relay.cpuprofile`, and `relay.other.cpuprofile` of the server of another checkout; `doors.chat.cpuprofile` of a part. */
function profilesOf({ name }: Benchmark): Pick<RunOptions, 'profilePathOf'> {
  const profilePathOf = (version: ServerVersion, part?: string) => {
    const names = [name, ...(part === undefined ? [] : [part]), ...(version.name === 'server' ? [] : ['other'])]
    return pathOf(`${names.join('.')}.cpuprofile`)
  }
  return { profilePathOf }
}

async function printProfile(name: ServerVersion['name'], path: string): Promise<void> {
  const rows = (await selfTimes(path, TOP_FUNCTIONS)).map(({ what, where, ms, percent }) => [
    `${percent.toFixed(1)} %`,
    ms.toFixed(0),
    what,
    where,
  ])
  print(`\nSelf time of the main thread in one more round, ${name} (${path}):\n`)
  print(markdownTable(['busy', 'ms', 'function', 'module'], rows))
}

function verdictRow(name: string, { what, measured, limit, least, unit }: Verdict): string[] {
  const figure = `${measured.toFixed(2)} ${unit}`
  if (least !== undefined) return [name, what, figure, `≥ ${least} ${unit}`, metOrMissed(measured >= least)]
  if (limit !== undefined) return [name, what, figure, `≤ ${limit} ${unit}`, metOrMissed(measured <= limit)]
  return [name, what, figure, '', '']
}

function metOrMissed(isMet: boolean): string {
  return isMet ? 'met' : '**missed**'
}

function usage(unknown: readonly string[]): string {
  const list = benchmarks.map(({ name, title }) => `  ${name.padEnd(14)} ${title}`)
  const fault = unknown.length > 0 ? [`There is no benchmark ${unknown.join(', ')}.\n`] : []
  const options = [
    '  --quick        small counts and no figures worth keeping: only whether every text is right',
    '  --check        compares the stable figures with those of the last release, and fails past 10 %',
    '  --release      measures the figures of a release ten times, and writes bench/release-figures.json',
    '  --spread       the same, but only prints how far the figures lie apart; --runs N: another number of runs',
    '  --checkout F   also measures the server of the checkout in the folder F, in turns with this one',
    '  --rounds N     measures N rounds (relay, burst, doors, fan-out, stores)',
    '  --profile      also makes a CPU profile of the server (relay, burst, doors, fan-out)',
    '  BENCH_PINNED=1 keeps server and floor on one core, and everything else on another',
  ]
  return [...fault, 'pnpm bench [NAME…]\n', ...list, '', ...options].join('\n')
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, RESULTS))
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

await main()
