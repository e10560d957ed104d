import { fileURLToPath } from 'node:url'
import { type Logger, pino } from 'pino'
import { buildApp } from './build-app.ts'
import { type Config, readConfig } from './config/config.ts'
import { loadEnvironmentFile } from './config/environment-file.ts'
import { openDependencies } from './dependencies.ts'
import { explainError } from './process/explain-error.ts'
import { LOG_OPTIONS } from './process/log-options.ts'
import { handleUncaughtErrors } from './process/uncaught-errors.ts'
import { welcome, welcomeWorker } from './process/welcome.ts'
import { describeStore } from './storage/store-location.ts'

/** From here, and from the compiled file, which is as deep. */
const PLAYGROUND_FOLDER = fileURLToPath(new URL('../../web/dist', import.meta.url))

/** How long the server may take to close once the jobs have had their grace. */
const LONGEST_CLOSE_MS = 10_000

async function main(): Promise<void> {
  loadEnvironmentFile()
  const config = readConfig(process.env)
  const logger = newLogger(config)
  const deps = await openDependencies(config, logger)
  const app = buildApp({ ...config, logger, playgroundFolder: PLAYGROUND_FOLDER }, deps)

  let isStopping = false
  const stop = (reason: string, exitCode: number) => {
    // Whoever asks twice does not want to wait.
    if (isStopping) process.exit(1)
    isStopping = true
    app.log.info({ reason }, 'stopping')
    // In case something that has to be waited for never comes, such as a disk that hangs.
    setTimeout(() => process.exit(1), config.shutdownGraceMs + LONGEST_CLOSE_MS).unref()
    app.close().then(() => process.exit(exitCode), fail)
  }
  process.on('SIGINT', (signal) => stop(signal, 0))
  process.on('SIGTERM', (signal) => stop(signal, 0))
  handleUncaughtErrors(process, app, () => stop('an error that nobody caught', 1))

  const url = await app.listen({ host: config.host, port: config.port })
  // To standard error: standard output carries the log, which programs read.
  const store = describeStore(config.store)
  process.stderr.write(
    config.role === 'worker' ? welcomeWorker(url, store) : welcome(url, store, deps.providers.list()),
  )
}

/** JSON for programs, and something to read in a terminal. */
function newLogger({ logLevel }: Config): Logger {
  if (!process.stdout.isTTY) return pino({ ...LOG_OPTIONS, level: logLevel })
  return pino({
    ...LOG_OPTIONS,
    level: logLevel,
    transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } },
  })
}

function fail(error: unknown): void {
  process.stderr.write(`${explainError(error)}\n`)
  process.exit(1)
}

main().catch(fail)
