import { MaxCostUsd } from '@promptlab/contract'
import { ApiError } from '../base/api-error.ts'

/** The header that says what a request at a door may cost at most, in US dollars. */
export const MAX_COST_HEADER = 'x-promptlab-max-cost-usd'

/** A number of JSON. `Number` alone would take an empty text, `0x10` and `Infinity`. */
const DECIMAL = /^\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i

/**
 * What a job may cost at most, as a header says it.
 * @returns undefined if there is no header
 * @throws ApiError `invalid-request`
 */
export function askedMaxCost(header: string | readonly string[] | undefined): number | undefined {
  if (header === undefined) return undefined
  const text = String(header).trim()
  const usd = MaxCostUsd.safeParse(DECIMAL.test(text) ? Number(text) : undefined)
  if (usd.success) return usd.data
  const message = 'Must be an amount in US dollars above 0 and up to 1000000, such as 0.05, given once'
  throw new ApiError('invalid-request', `${MAX_COST_HEADER}: ${message}.`, {
    faults: [{ path: MAX_COST_HEADER, message }],
  })
}

/**
 * A refusal for a limit of cost, with the parameters of the door in its sentence.
 * @param paramOf the parameter that a path of the job stands for
 */
export function inParamsOfDoor(error: ApiError, paramOf: (path: string) => string): ApiError {
  if (error.code !== 'budget-exceeded') return error
  const message = withHeaderOfDoor(error).replaceAll('options.maxTokens', paramOf('options.maxTokens'))
  return new ApiError(error.code, message, { cause: error })
}

/** The words of a failure, where a limit of cost has the name that it has at doors. */
export function withHeaderOfDoor({ code, message }: Pick<ApiError, 'code' | 'message'>): string {
  return code === 'budget-exceeded' ? message.replaceAll('maxCostUsd', MAX_COST_HEADER) : message
}
