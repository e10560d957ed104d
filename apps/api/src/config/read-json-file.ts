import { readFile } from 'node:fs/promises'
import type { z } from 'zod'
import { ConfigError } from './config.ts'

/**
 * The JSON of a file that a setting names.
 * @param variable the setting
 * @throws ConfigError
 */
export async function readJsonFile(variable: string, path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`${variable}: ${path} cannot be read as JSON: ${reason}`)
  }
}

/** The faults of a file, each on a line. */
export function invalidFile(variable: string, path: string, faults: readonly string[]): ConfigError {
  return new ConfigError(`${variable}: ${path} is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
}

/** A fault behind the path to its place in the file. */
export function faultIn(issue: z.core.$ZodIssue): string {
  const { path, message } = issue
  const place = issue.code === 'unrecognized_keys' ? [...path, issue.keys.join(', ')] : path
  return place.length === 0 ? message : `${place.join('.')}: ${message}`
}
