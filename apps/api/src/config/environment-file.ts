import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { ConfigError } from './config.ts'

/** The settings file that was read. */
export interface EnvironmentFile {
  readonly path: string
  /** How many variables it set. Variables that the environment had already are not counted, as they win. */
  readonly variables: number
}

const ASSIGNMENT = /^\s*(?:export\s+)?[A-Za-z_][\w.-]*\s*=\s*(.*)$/
const BLANK_OR_COMMENT = /^\s*(?:#|$)/

/**
 * Reads `.env` in the current folder into the environment of the process. Variables that are set already win.
 * @returns undefined if there is no such file
 * @throws ConfigError the file cannot be read, is not UTF-8, or has a line that is no assignment
 */
export function loadEnvironmentFile(path = resolve('.env')): EnvironmentFile | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  const line = lineWithoutAssignment(text)
  // The line may hold a key, so it is not repeated.
  if (line !== undefined)
    throw new ConfigError(`${path} line ${line} is not NAME=VALUE. Correct it, or begin it with #.`)
  let variables = 0
  for (const [name, value] of Object.entries(parseEnv(text))) {
    if (process.env[name] !== undefined || value === undefined) continue
    process.env[name] = value
    variables++
  }
  return { path, variables }
}

function readText(path: string): string | undefined {
  let bytes: Buffer
  try {
    bytes = readFileSync(path)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw new ConfigError(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
  }
  try {
    // The decoder also removes a byte-order mark, which would become a part of the first name.
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Told below.
  }
  throw new ConfigError(`${path} is not UTF-8 text, but perhaps UTF-16. Save it as UTF-8.`)
}

/** The number of the first line that is neither an assignment, a comment nor blank; a quoted value may have several lines. */
function lineWithoutAssignment(text: string): number | undefined {
  const lines = text.split(/\r?\n/)
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (BLANK_OR_COMMENT.test(line)) continue
    const value = ASSIGNMENT.exec(line)?.[1]
    if (value === undefined) return index + 1
    index = lastLineOf(value, lines, index)
  }
  return undefined
}

/** The index of the line on which a value ends that begins on another. */
function lastLineOf(value: string, lines: readonly string[], first: number): number {
  const [quote = ''] = /^["'`]/.exec(value) ?? []
  if (quote === '' || value.slice(1).includes(quote)) return first
  const last = lines.findIndex((line, index) => index > first && line.includes(quote))
  // A quote that nothing closes is a character like any other.
  return last === -1 ? first : last
}
