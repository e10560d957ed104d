import type { Checked } from '../load/wrong-texts.ts'
import type { ServerVersion } from '../processes/server-version.ts'

/** A figure that is stable enough to be compared with that of the last release. Less is better. */
export interface Figure {
  readonly name: string
  readonly value: number
  /** `× floor`, or what a counter counts. */
  readonly unit: string
}

export interface Gauged {
  readonly figures: readonly Figure[]
  readonly checked: readonly Checked[]
  /** A sentence for each figure that cannot be measured here. */
  readonly missing?: readonly string[]
}

/** A short measurement of stable figures. */
export interface Gauge {
  readonly name: string
  /** @param effort how many times the usual number of rounds are run */
  readonly measure: (version: ServerVersion, effort: number) => Promise<Gauged>
}
