import { valueAt } from '../value-at.ts'

/** The string at a path inside a request. Undefined if there is none. */
export function textAt(data: unknown, ...path: readonly (string | number)[]): string | undefined {
  const value = valueAt(data, ...path)
  return typeof value === 'string' ? value : undefined
}

/** The number at a path inside a request. Undefined if there is none. */
export function numberAt(data: unknown, ...path: readonly (string | number)[]): number | undefined {
  const value = valueAt(data, ...path)
  return typeof value === 'number' ? value : undefined
}
