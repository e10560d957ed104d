import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { commandLine } from '../base/command-line.ts'
import { ConfigError } from '../config/config.ts'
import { explainError } from '../process/explain-error.ts'
import { LOG_OPTIONS } from '../process/log-options.ts'
import { importJobs } from '../storage/job-import.ts'
import { describeStore, type StoreLocation, storeLocation } from '../storage/store-location.ts'
import { storeAt } from '../stores.ts'
import { ImportProgress } from './import-progress.ts'

const USAGE = `Usage: ${commandLine('import-jobs')} --from jobs.json --to sqlite:PATH|postgres://user:password@host:5432/database`

/** `pnpm import-jobs`: copies the jobs of a store into an empty one. */
async function main(): Promise<void> {
  const { from, to } = readArguments()
  const [sourceName, targetName] = [describeStore(from), describeStore(to)]
  if (sourceName === targetName) throw new ConfigError(`--from and --to name the same store. ${USAGE}`)
  const logger = pino({ ...LOG_OPTIONS, level: 'warn' }, pino.destination(2))
  const progress = new ImportProgress(process.stderr)
  const source = await storeAt(from).openSource({ logger })
  try {
    const target = await storeAt(to).openTarget({ logger })
    try {
      const onProgress = (done: number, total: number) => progress.update(done, total)
      const total = await importJobs(source, target, { sourceName, targetName, onProgress })
      progress.stop()
      process.stdout.write(`All ${total} jobs of ${sourceName} are in ${targetName}. ${sourceName} is unchanged.\n`)
    } finally {
      await target.close()
    }
  } finally {
    progress.stop()
    await source.close()
  }
}

function readArguments(): { from: StoreLocation; to: StoreLocation } {
  const { values } = parseOrExplain()
  return { from: locationOf('--from', values.from), to: locationOf('--to', values.to) }
}

function parseOrExplain() {
  try {
    return parseArgs({ options: { from: { type: 'string' }, to: { type: 'string' } } })
  } catch (error) {
    throw new ConfigError(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
  }
}

function locationOf(name: string, value: string | undefined): StoreLocation {
  if (value === undefined) throw new ConfigError(`${name} is missing. ${USAGE}`)
  const parsed = storeLocation.safeParse(value)
  if (!parsed.success) throw new ConfigError(`${name}: ${parsed.error.issues[0]?.message}. ${USAGE}`)
  return parsed.data
}

function fail(error: unknown): void {
  process.stderr.write(`${explainError(error)}\n`)
  process.exit(1)
}

main().catch(fail)
