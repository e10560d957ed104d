#!/usr/bin/env node
import './base/older-node.ts'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { commandLine } from './base/command-line.ts'
import { VERSION } from './base/version.ts'
import { stopWithoutParent } from './process/stop-without-parent.ts'

/** Relative to this file; the built file lies equally deep, also in the package. */
const SETTINGS_PAGE = fileURLToPath(new URL('../../../docs/settings.md', import.meta.url))

/** The oldest Node.js that runs the server, as major and minor: the first one whose require() takes modules. */
const OLDEST_NODE = [20, 19] as const

interface Command {
  /** What may follow its name, in words. Empty if nothing may. */
  readonly takes: string
  readonly does: string
  /** Imports the program, which begins to run. */
  readonly run: () => Promise<unknown>
}

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['start', { takes: '', does: 'starts the server, as no command does', run: () => import('./main.ts') }],
  [
    'providers',
    {
      takes: '',
      does: 'says which providers are configured, and asks each for its models',
      run: () => import('./commands/providers.ts'),
    },
  ],
  [
    'new-key',
    {
      takes: 'NAME | --webhook',
      does: 'makes an API key for a caller, or a key that signs webhooks',
      run: () => import('./commands/new-key.ts'),
    },
  ],
  [
    'migrate',
    {
      takes: '',
      does: 'brings the tables of the job store to this version, as the start does',
      run: () => import('./commands/migrate.ts'),
    },
  ],
  [
    'import-jobs',
    {
      takes: '--from STORE --to STORE',
      does: 'copies the jobs of a store into an empty one',
      run: () => import('./commands/import-jobs.ts'),
    },
  ],
  [
    'export',
    {
      takes: 'JOB… [--out FOLDER]',
      does: 'writes fixtures of jobs, which the provider replay plays',
      run: () => import('./commands/export.ts'),
    },
  ],
])

/** The one program of the package `@promptlab/server`: each command is a program of the repository. */
async function main([name = 'start', ...args]: readonly string[]): Promise<void> {
  if ([name, ...args].some((word) => word === '--help' || word === '-h') || name === 'help') {
    process.stdout.write(help())
    return
  }
  if (name === '--version' || name === '-v') {
    process.stdout.write(`${VERSION}\n`)
    return
  }
  const command = COMMANDS.get(name)
  if (!command) return refuse(`There is no command ${name}.`)
  if (args[0] !== undefined && command.takes === '')
    return refuse(`${name} takes no arguments, but ${args[0]} was given.`)
  if (isTooOld()) return refuse(`The server needs Node.js ≥ ${OLDEST_NODE.join('.')}, and this is ${process.version}.`)
  // The programs read their own arguments.
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...args)
  if (process.env['npm_command'] === 'exec') stopWithoutParent()
  await command.run()
}

/** Ends the process as shells expect of a command that was written wrongly. */
function refuse(message: string): void {
  process.stderr.write(`${message} ${commandLine('promptlab --help')} says what there is.\n`)
  process.exitCode = 2
}

function isTooOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])
}

function help(): string {
  const lines = [...COMMANDS].map(([name, { takes, does }]) => `  ${`${name} ${takes}`.padEnd(38)}${does}\n`)
  return `PromptLab Jobs API ${VERSION}: a server for durable, streaming LLM jobs.

Usage: ${commandLine('promptlab [COMMAND]')}

${lines.join('')}  ${'--version'.padEnd(38)}prints the version

Settings are environment variables, or lines of the file .env in the current folder, such as PORT=8080 or
OPENAI_API_KEY=sk-…. The server keeps its jobs in jobs.json in the current folder, unless DATABASE_URL names another
store: sqlite:PATH or postgres://….
${existsSync(SETTINGS_PAGE) ? `\nAll settings: ${SETTINGS_PAGE}\n` : ''}`
}

await main(process.argv.slice(2))
