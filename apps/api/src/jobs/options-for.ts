import type { Fallback, JobOptions } from '@promptlab/contract'
import type { StoredJob } from './job.ts'

/**
 * The options of a job for one of its choices. `vendor` has fields of the request of the job's own provider, so no other
 * provider gets them.
 */
export function optionsFor(
  { provider, options }: Pick<StoredJob, 'provider' | 'options'>,
  choice: Pick<Fallback, 'provider'>,
): JobOptions | undefined {
  if (!options?.vendor || choice.provider === provider) return options
  const { vendor: _, ...others } = options
  return others
}
