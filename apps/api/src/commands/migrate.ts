import { pino } from 'pino'
import { readConfig } from '../config/config.ts'
import { loadEnvironmentFile } from '../config/environment-file.ts'
import { explainError } from '../process/explain-error.ts'
import { LOG_OPTIONS } from '../process/log-options.ts'
import { describeStore } from '../storage/store-location.ts'
import { storeAt } from '../stores.ts'

/** `pnpm migrate`: brings the tables to the state that this version needs. The server does the same when it starts. */
async function main(): Promise<void> {
  loadEnvironmentFile()
  const { store, logLevel } = readConfig(process.env)
  const migrations = await storeAt(store).migrate({
    logger: pino({ ...LOG_OPTIONS, level: logLevel }, pino.destination(2)),
  })
  const done = migrations.length > 0 ? `was brought up to date: ${migrations.join(', ')}` : 'is up to date'
  process.stdout.write(`The job store ${describeStore(store)} ${done}.\n`)
}

function fail(error: unknown): void {
  process.stderr.write(`${explainError(error)}\n`)
  process.exit(1)
}

main().catch(fail)
