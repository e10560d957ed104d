/** `pnpm bench [NAME…] [--quick] [--profile]`: runs benchmarks, prints tables, writes bench/results/NAME.json. */
import { mkdir, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Benchmark, Report, Verdict } from './benchmark.ts'
import { benchmarks } from './benchmarks/index.ts'
import { describeMachine, thisMachine } from './report/machine.ts'
import { selfTimes } from './report/profile.ts'
import { markdownTable } from './report/table.ts'

const RESULTS = new URL('../results/', import.meta.url)
const TOP_FUNCTIONS = 25

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      checkout: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const unknown = positionals.filter((name) => !benchmarks.some((benchmark) => benchmark.name === name))
  if (values.help || unknown.length > 0) {
    print(usage(unknown))
    process.exitCode = unknown.length > 0 ? 1 : 0
    return
  }
  const chosen = positionals.length > 0 ? benchmarks.filter(({ name }) => positionals.includes(name)) : benchmarks
  await mkdir(RESULTS, { recursive: true })
  print(describeMachine(thisMachine(values.checkout)))
  const verdicts: string[][] = []
  for (const benchmark of chosen) verdicts.push(...(await runOne(benchmark, values)))
  const head = ['benchmark', 'what', 'measured', 'target', '']
  if (!values.quick) print(`\n## Targets\n\n${markdownTable(head, verdicts)}`)
}

interface Choices {
  readonly quick: boolean
  readonly profile: boolean
  readonly checkout?: string
}

async function runOne(benchmark: Benchmark, { quick: isQuick, profile, checkout }: Choices): Promise<string[][]> {
  const { name, title } = benchmark
  print(`\n## ${name}: ${isQuick ? 'a small run of: ' : ''}${title}\n`)
  const profilePath = profile ? pathOf(`${name}.cpuprofile`) : undefined
  const report = await benchmark.run({ isQuick, profilePath, checkout })
  print(markdownTable(report.head, report.rows))
  reportTexts(report)
  await writeFile(
    pathOf(`${name}.json`),
    JSON.stringify({ name, isQuick, machine: thisMachine(checkout), ...report }, null, 2),
  )
  if (profilePath !== undefined && report.isProfiled) await printProfile(profilePath)
  return report.verdicts.map((verdict) => verdictRow(name, verdict))
}

function reportTexts({ checked }: Report): void {
  const streams = checked.reduce((sum, part) => sum + part.streams, 0)
  const wrong = checked.flatMap((part) => part.wrong)
  print(`\n${streams} texts checked, ${wrong.length} wrong`)
  for (const complaint of wrong.slice(0, 10)) print(`- ${complaint}`)
  if (streams === 0 || wrong.length > 0) process.exitCode = 1
}

async function printProfile(path: string): Promise<void> {
  const rows = (await selfTimes(path, TOP_FUNCTIONS)).map(({ what, where, ms, percent }) => [
    `${percent.toFixed(1)} %`,
    ms.toFixed(0),
    what,
    where,
  ])
  print(`\nSelf time of the server's main thread in one more round (${path}):\n`)
  print(markdownTable(['busy', 'ms', 'function', 'module'], rows))
}

function verdictRow(name: string, { what, measured, limit, unit }: Verdict): string[] {
  const figure = `${measured.toFixed(2)} ${unit}`
  if (limit === undefined) return [name, what, figure, '', '']
  return [name, what, figure, `≤ ${limit} ${unit}`, measured <= limit ? 'met' : '**missed**']
}

function usage(unknown: readonly string[]): string {
  const list = benchmarks.map(({ name, title }) => `  ${name.padEnd(12)} ${title}`)
  const fault = unknown.length > 0 ? [`There is no benchmark ${unknown.join(', ')}.\n`] : []
  const options = [
    '  --quick      small counts and no figures worth keeping: only whether every text is right',
    '  --profile    also a CPU profile of the server (relay, burst, fan-out)',
    '  --checkout F measures the server of another checkout, in the folder F',
  ]
  return [...fault, 'pnpm bench [NAME…] [--quick] [--profile]\n', ...list, '', ...options].join('\n')
}

function pathOf(file: string): string {
  return fileURLToPath(new URL(file, RESULTS))
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

await main()
