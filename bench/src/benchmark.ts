import type { Checked } from './load/wrong-texts.ts'

export interface RunOptions {
  /** A smoke test: small counts, one round, figures that mean nothing. */
  readonly isQuick: boolean
  /** The folder of another checkout whose server is measured. Default: this one. */
  readonly checkout?: string | undefined
  /** Where to write a CPU profile of the server under test, for the benchmarks that can. */
  readonly profilePath?: string | undefined
}

/** What came out, and what was promised. */
export interface Verdict {
  readonly what: string
  readonly measured: number
  /** Left out: nothing was promised. */
  readonly limit?: number
  /** `×` of the floor, `ms`, `KB`. */
  readonly unit: string
}

/** What a benchmark found. */
export interface Report {
  readonly head: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly verdicts: readonly Verdict[]
  /** Of every stream that was read. */
  readonly checked: readonly Checked[]
  /** Whether a profile was written. */
  readonly isProfiled?: boolean
  /** The single figures, for programs. */
  readonly figures: unknown
}

export interface Benchmark {
  readonly name: string
  /** A line that says what is measured. */
  readonly title: string
  readonly run: (options: RunOptions) => Promise<Report>
}
