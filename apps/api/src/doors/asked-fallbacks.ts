import type { Fallback } from '@promptlab/contract'
import { ApiError } from '../base/api-error.ts'
import type { NamedModel } from './model-names.ts'

/** The header that names the fallbacks of a request at a door. */
export const FALLBACKS_HEADER = 'x-promptlab-fallbacks'

/**
 * The fallbacks that a header names, such as `openai/gpt-4, gemini/gemini-3.5-flash`. `off` stands for none, not even those of
 * the operator. An application sends one header with all of its requests, so a model that is asked before already is left out.
 * @param named the model of the request
 * @param resolve finds a model by its name
 * @returns undefined if there is no header
 * @throws ApiError `unknown-model`, `invalid-request`
 */
export function askedFallbacks(
  header: string | readonly string[] | undefined,
  named: NamedModel,
  resolve: (name: string) => NamedModel,
): Fallback[] | undefined {
  if (header === undefined) return undefined
  const names = [header]
    .flat()
    .join(',')
    .split(',')
    .map((name) => name.trim())
  if (names.length === 1 && names[0] === 'off') return []
  if (names.includes('')) refuse('invalid-request', 'Must be models, such as openai/gpt-4, separated by commas; or off')
  const fallbacks: Fallback[] = []
  for (const name of names) {
    const { provider, model } = resolved(name, resolve)
    const isAsked = [named, ...fallbacks].some((before) => before.provider === provider && before.model === model)
    if (!isAsked) fallbacks.push({ provider, model })
  }
  return fallbacks
}

/** The header for a path of the fallbacks of a job; undefined for other paths. */
export function fallbackParam(path: string): string | undefined {
  return /^fallbacks\b/.test(path) ? FALLBACKS_HEADER : undefined
}

function resolved(name: string, resolve: (name: string) => NamedModel): NamedModel {
  try {
    return resolve(name)
  } catch (error) {
    if (error instanceof ApiError) refuse(error.code, error.message)
    throw error
  }
}

function refuse(code: ApiError['code'], message: string): never {
  const path = FALLBACKS_HEADER
  throw new ApiError(code, `${path}: ${/[.?]$/.test(message) ? message : `${message}.`}`, {
    faults: [{ path, message }],
  })
}
