import type { JsonValue } from '@promptlab/providers'
import type { AskedJob } from '../jobs/input/asked-job.ts'

/** What a request at a door asks, in the words of a job. */
export interface AskedAtDoor {
  readonly job: AskedJob
  /** The parameter of the door that a path of the job stands for, such as `input[2].content[0]` for `messages[3].content[0]`. */
  readonly paramOf: (path: string) => string
  /** What the answers of the door repeat of the request, and the job does not say. Undefined: nothing. */
  readonly echo: Record<string, JsonValue> | undefined
  /** Whether the answer can be read again. */
  readonly isStored: boolean
  /** Whether the client does not wait for the answer. */
  readonly isBackground: boolean
  /** Whether the client wants the answer as a stream. */
  readonly isStreamed: boolean
}
