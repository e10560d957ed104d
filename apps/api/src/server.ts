import { buildApp } from './build-app.ts'
import { readConfig } from './config/config.ts'
import { loadEnvironmentFile } from './config/environment-file.ts'
import { openDependencies } from './dependencies.ts'
import { keepCompiledCode } from './process/built-code.ts'
import { explainError } from './process/explain-error.ts'
import { listen } from './process/listen.ts'
import { findLocalServers } from './process/local-servers.ts'
import { newLogger } from './process/new-logger.ts'
import { handleUncaughtErrors } from './process/uncaught-errors.ts'
import { useProxy } from './process/use-proxy.ts'
import { goodbye, offer, welcome, welcomeWorker } from './process/welcome.ts'
import { describeStore } from './storage/store-location.ts'

/** How long the server may take to close after the grace period of the jobs, in milliseconds. */
const LONGEST_CLOSE_MS = 10_000

/**
 * How many connections may wait to be accepted. Node.js's default is 511; connections above the limit wait a second, until the
 * client's operating system tries again. Linux takes no more than `net.core.somaxconn`, which is 4,096 unless set.
 */
const MAX_UNACCEPTED = 4096

interface ServerOptions {
  /** The folder of the playground's files. */
  readonly playgroundFolder: string
}

/** The server as a process: environment, adapters, port, signals. Ends the process if it cannot start. */
export function runServer(options: ServerOptions): void {
  start(options).catch(fail)
}

async function start({ playgroundFolder }: ServerOptions): Promise<void> {
  const file = loadEnvironmentFile()
  const config = readConfig(process.env)
  const logger = newLogger(config.logLevel, process)
  if (file) logger.info({ file: file.path, variables: file.variables }, 'read settings from a file')
  if (config.proxy) useProxy(config.proxy)
  const deps = await openDependencies(config, logger)
  const app = buildApp({ ...config, logger, playgroundFolder }, deps)

  let isStopping = false
  const stop = (reason: string, exitCode: number) => {
    // A second signal ends the process at once.
    if (isStopping) process.exit(1)
    isStopping = true
    app.log.info({ reason }, 'stopping')
    if (reason === 'SIGINT') process.stderr.write(goodbye(config.drainMs))
    // For the case that closing hangs, for example on a disk that does not answer.
    setTimeout(() => process.exit(1), config.drainMs + LONGEST_CLOSE_MS).unref()
    app.close().then(() => process.exit(exitCode), fail)
  }
  process.on('SIGINT', (signal) => stop(signal, 0))
  process.on('SIGTERM', (signal) => stop(signal, 0))
  handleUncaughtErrors(process, app, () => stop('uncaught error', 1))

  const url = await listen(app, { host: config.host, port: config.port, backlog: MAX_UNACCEPTED })
  // Standard error, because standard output carries the log, which programs read.
  const print = (text: string) => process.stderr.write(text)
  const store = describeStore(config.store)
  print(config.role === 'worker' ? welcomeWorker(url, store) : welcome(url, store, deps.providers.list()))
  // This takes 60 ms or more, and requests that need none of it need not wait.
  await deps.prepareCalls()
  keepCompiledCode()
  if (config.role !== 'worker') print((await findLocalServers(config.vendors)).map(offer).join(''))
}

function fail(error: unknown): void {
  process.stderr.write(`${explainError(error)}\n`)
  process.exit(1)
}
