import type { Checked } from './load/wrong-texts.ts'
import type { ServerVersion } from './processes/server-version.ts'

export interface RunOptions {
  /** A smoke test: small counts, one round, figures that mean nothing. */
  readonly isQuick: boolean
  /** The servers that are measured, in turns: this checkout's, and with `--checkout` the other one. */
  readonly versions: readonly ServerVersion[]
  /** How many rounds are measured, by the benchmarks that have rounds. Default: each its own number. */
  readonly rounds?: number | undefined
  /** Where to write a CPU profile of a server, for the benchmarks that can. Default: no profile is made. */
  readonly profilePathOf?: ((version: ServerVersion, part?: string) => string) | undefined
}

/** A figure, and the target for it. */
export interface Verdict {
  readonly what: string
  readonly measured: number
  /** The most that it may be. */
  readonly limit?: number
  /** The least that it may be. Without both there is no target. */
  readonly least?: number
  /** `× floor`, `ms`, `KB`. */
  readonly unit: string
}

/** The outcome of a benchmark. */
export interface Report {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly verdicts: readonly Verdict[]
  /** Of every stream that was read. */
  readonly checked: readonly Checked[]
  /** Whether profiles were written. */
  readonly isProfiled?: boolean
  /** The parts that have a profile of their own. Default: there is one profile of all. */
  readonly profiledParts?: readonly string[]
  /** The single figures, for programs. */
  readonly figures: unknown
}

export interface Benchmark {
  readonly name: string
  /** A line that says what is measured. */
  readonly title: string
  readonly run: (options: RunOptions) => Promise<Report>
}
