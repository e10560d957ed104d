import { resolve } from 'node:path'
import { type Logger, pino } from 'pino'
import { buildApp } from './build-app.ts'
import { type Config, ConfigError, readConfig } from './config.ts'
import { openDependencies } from './dependencies.ts'
import { StoreOpenError } from './storage/store-open-error.ts'
import { handleUncaughtErrors } from './uncaught-errors.ts'
import { welcome } from './welcome.ts'

/** How long the server may take to close once the jobs have had their grace. */
const LONGEST_CLOSE_MS = 10_000

async function main(): Promise<void> {
  loadEnvironmentFile()
  const config = readConfig(process.env)
  const logger = newLogger(config)
  const deps = await openDependencies(config, logger)
  const app = buildApp({ ...config, logger }, deps)

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
  process.stderr.write(welcome(url, resolve(config.jobsFile), deps.providers.list()))
}

/** `.env` in the current folder, if there is one. Variables that are set already win. */
function loadEnvironmentFile(): void {
  try {
    process.loadEnvFile()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (!('code' in error && error.code === 'ENOENT')) throw new ConfigError(`.env cannot be read: ${error.message}.`)
  }
}

/** JSON for programs, and something to read in a terminal. */
function newLogger({ logLevel }: Config): Logger {
  if (!process.stdout.isTTY) return pino({ level: logLevel })
  return pino({ level: logLevel, transport: { target: 'pino-pretty', options: { ignore: 'pid,hostname' } } })
}

function fail(error: unknown): void {
  process.stderr.write(`${explain(error)}\n`)
  process.exit(1)
}

/** A sentence for what an operator can mend, the stack for everything else. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof ConfigError || error instanceof StoreOpenError) return error.message
  if ('syscall' in error && (error.syscall === 'listen' || error.syscall === 'getaddrinfo')) {
    return `The server cannot listen: ${error.message}. Set HOST and PORT to an address that is free.`
  }
  return error.stack ?? error.message
}

main().catch(fail)
