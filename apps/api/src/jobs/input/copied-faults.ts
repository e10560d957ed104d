import type { JobChanges } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'

/** What a job that is made of another one leaves out if its request says `null`. */
const REMOVABLE = /^(?:webhook|fallbacks|options\.\w+)/

/**
 * The refusal of a job that is made of another one. If the fault is in what was copied, the caller did not send it, so the
 * message also says where it comes from and how it is left out.
 * @param jobId of the other job
 * @param changes what the caller sent
 */
export function tellCopied(refusal: ApiError, jobId: string, changes: JobChanges): ApiError {
  const { code, message, faults = [], cause } = refusal
  const paths = faults.flatMap(({ path }) => REMOVABLE.exec(path)?.[0] ?? [])
  const copied = [...new Set(paths)].filter((path) => !namesOf(changes).has(path))
  if (copied.length === 0) return refusal
  const advice = `The job ${jobId} has ${copied.join(', ')}. Send null there to leave ${copied.length > 1 ? 'them' : 'it'} out.`
  return new ApiError(code, `${message} ${advice}`, { faults, cause })
}

function namesOf({ options = {}, ...rest }: JobChanges): ReadonlySet<string> {
  return new Set([...Object.keys(rest), ...Object.keys(options).map((name) => `options.${name}`)])
}
