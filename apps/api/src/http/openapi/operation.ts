import type { ProblemCode } from '@promptlab/contract'

/** The part of a route's description that its schemas do not have. */
export interface Operation {
  readonly operationId: string
  readonly tag: 'jobs' | 'providers' | 'usage' | 'operation'
  readonly summary: string
  readonly description?: string
  /** Examples of the body. */
  readonly bodies?: readonly unknown[]
  /** Whether a request may have no body. */
  readonly isBodyOptional?: true
  /** The good answers, by status. */
  readonly answers: Readonly<Record<number, Answer>>
  /** The problems that can occur on this route, besides those that can occur on every route. */
  readonly problems: readonly ProblemCode[]
  /** Who may call on a server with keys. By default, callers with a key. */
  readonly access?: 'open' | 'key-or-stream-link' | 'key-or-metrics-key' | 'metrics'
}

interface Answer {
  readonly description: string
  /** An example in `application/json`. The schema is that of the route. */
  readonly example?: unknown
  /** Examples in other media types, which are texts: one, or several by name. */
  readonly texts?: Readonly<Record<string, string | Readonly<Record<string, string>>>>
  /** The schemas of the events in its streams. By default, those of the stream of a job. */
  readonly events?: readonly string[]
  /** Media types whose bytes may be anything. */
  readonly files?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}
