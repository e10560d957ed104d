import { mkdir, writeFile } from 'node:fs/promises'
import { isIPv6 } from 'node:net'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Fixture } from '@promptlab/contract'
import { pino } from 'pino'
import { commandLine } from '../base/command-line.ts'
import { ConfigError, readConfig } from '../config/config.ts'
import { loadEnvironmentFile } from '../config/environment-file.ts'
import { explainError } from '../process/explain-error.ts'
import { LOG_OPTIONS } from '../process/log-options.ts'
import { describeStore } from '../storage/store-location.ts'
import { storeAt } from '../stores.ts'
import { ExportError } from './export-error.ts'
import { answers, type FixtureSource, ServerFixtures, StoreFixtures } from './fixture-source.ts'
import { fixtureText } from './fixture-text.ts'

const USAGE = `Usage: ${commandLine('promptlab export')} JOB… [--out FOLDER] [--name NAME] [--force] [--url http://…] [--key KEY]

Writes a fixture of each job, by its id, which the provider replay plays (docs/replay.md).

  --out FOLDER   where the files are written; default: fixtures
  --name NAME    the name of the file of a single job; default: the id of the job
  --force        replaces files that are there
  --url URL      the server that has the jobs. Default: the one of HOST and PORT. If none answers there, the
                 job store of DATABASE_URL is read
  --key KEY      the API key of the caller whose jobs they are; default: PROMPTLAB_API_KEY`

interface Asked {
  readonly jobIds: readonly string[]
  readonly out: string
  readonly name: string | undefined
  readonly isForced: boolean
  readonly url: string | undefined
  readonly key: string | undefined
}

/** `pnpm promptlab export`: writes fixtures of jobs. The exit code is 1 if one of the jobs could not be written. */
async function main(): Promise<void> {
  loadEnvironmentFile()
  const asked = readArguments()
  const source = await sourceOf(asked)
  try {
    await mkdir(asked.out, { recursive: true }).catch((error) => {
      throw new ExportError(`The folder ${asked.out} could not be made (${error.code})`)
    })
    for (const jobId of asked.jobIds) {
      const written = await exported(jobId, source, asked).catch(orExportError)
      if (typeof written === 'string') process.stdout.write(`${written}\n`)
      else fail(`${jobId}: ${written.message}`)
    }
  } finally {
    await source.close()
  }
}

function orExportError(error: unknown): ExportError {
  if (error instanceof ExportError) return error
  throw error
}

/** @returns what was done, in words */
async function exported(jobId: string, source: FixtureSource, { out, name, isForced }: Asked): Promise<string> {
  const fixture = await source.fixture(jobId)
  const file = join(out, `${name ?? jobId}.json`)
  const isNew = await isWritten(file, fixture, 'wx')
  if (!isNew && !isForced) throw new ExportError(`${file} is there already. Give --force to replace it.`)
  if (!isNew) await isWritten(file, fixture, 'w')
  const { request, answer } = fixture
  const pieces = answer.length === 1 ? '1 piece' : `${answer.length} pieces`
  return `${isNew ? 'Wrote' : 'Replaced'} ${file}: ${request.provider} ${request.model}, ${pieces}`
}

/** Whether the file was written. It is not if it was there, and must not be. */
async function isWritten(file: string, fixture: Fixture, flag: 'w' | 'wx'): Promise<boolean> {
  try {
    await writeFile(file, fixtureText(fixture), { flag })
    return true
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EEXIST') return false
    throw new ExportError(`${file} could not be written (${code})`)
  }
}

async function sourceOf({ url, key }: Asked): Promise<FixtureSource> {
  if (url !== undefined) {
    if (await answers(url)) return new ServerFixtures(url, key)
    throw new ExportError(`No PromptLab server answers at ${url}. Check --url.`)
  }
  const { host, port, store } = readConfig(process.env)
  const usual = `http://${hostOf(host)}:${port}`
  if (port !== 0 && (await answers(usual))) return new ServerFixtures(usual, key)
  const name = describeStore(store)
  process.stderr.write(
    `No server answers at ${usual}, so the jobs are read from ${name}. If it runs elsewhere, give --url.\n`,
  )
  const logger = pino({ ...LOG_OPTIONS, level: 'warn' }, pino.destination(2))
  return new StoreFixtures(name, await storeAt(store).openSource({ logger }))
}

/** An address at which a server that listens on this host can be reached from this machine. */
function hostOf(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return isIPv6(host) ? `[${host}]` : host
}

function readArguments(): Asked {
  const { values, positionals: jobIds } = parseOrExplain()
  if (jobIds.length === 0) throw usageError('Name at least one job.')
  const odd = jobIds.find((id) => !FILE_NAME.test(id))
  if (odd !== undefined) throw usageError(`"${odd}" is no id of a job.`)
  const { out = 'fixtures', name, force = false, url } = values
  if (name !== undefined && jobIds.length > 1) throw usageError('--name is for one job only.')
  if (name !== undefined && !FILE_NAME.test(name))
    throw usageError('--name must have only letters, digits, dots, hyphens and underscores.')
  if (url !== undefined && !/^https?:\/\//.test(url)) throw usageError('--url must begin with http:// or https://.')
  const key = values.key ?? (process.env['PROMPTLAB_API_KEY'] || undefined)
  return { jobIds, out, name: name?.replace(/\.json$/, ''), isForced: force, url: url?.replace(/\/+$/, ''), key }
}

/** No path, and no hidden file, which the provider would not read. */
const FILE_NAME = /^[\w-][\w.-]{0,199}$/

function parseOrExplain() {
  try {
    const text = { type: 'string' } as const
    return parseArgs({
      allowPositionals: true,
      options: { out: text, name: text, url: text, key: text, force: { type: 'boolean' } },
    })
  } catch (error) {
    throw usageError(error instanceof Error ? error.message : String(error))
  }
}

function usageError(message: string): ConfigError {
  return new ConfigError(`${message}\n\n${USAGE}`)
}

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}

main().catch((error: unknown) => fail(error instanceof ExportError ? error.message : explainError(error)))
