import type { StreamParser } from '@codemirror/streamparser'

/** A copy of a parser's state. Where a parser does not say how, its state is an object of plain values and lists. */
export function copyOf(parser: StreamParser<unknown>, state: unknown): unknown {
  if (parser.copyState) return parser.copyState(state)
  if (typeof state !== 'object' || state === null) return state
  return Object.fromEntries(
    Object.entries(state).map(([key, value]) => [key, Array.isArray(value) ? [...value] : value]),
  )
}
