import type { ProviderCapabilities } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import type { JobRequest } from '../job.ts'
import { itemSizes } from '../kept-parts.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { UpgradeUnderWayError } from '../ports/storage-errors.ts'
import { recordVersionOf } from '../record-version.ts'
import { checkCapabilities, checkConversation } from './check-request.ts'
import type { EarlierTurn, EarlierTurns } from './earlier-turns.ts'
import { checkFallbacks, type FallbackDeps, operatorFallbacks } from './fallbacks.ts'

interface Admission {
  readonly request: JobRequest
  readonly caller: string | undefined
  /** Whether the answer can be read again. */
  readonly isStored: boolean
  readonly provider: { readonly name: string; readonly capabilities: ProviderCapabilities }
}

interface AdmissionDeps extends FallbackDeps {
  readonly jobs: JobRepository
  readonly earlierTurns: EarlierTurns
  /** The most bytes of items that the jobs of one caller may refer to. */
  readonly maxStoredBytesPerKey: number
}

/** A request of which a job can be made. */
export interface Admitted {
  readonly request: JobRequest
  /** The jobs of the conversation before, oldest first. */
  readonly chain: readonly EarlierTurn[]
}

/**
 * Checks that a job can be made of a request: its provider and its fallbacks can do it, its conversation is there and whole,
 * every process can read its record, and there is room for its items.
 * @returns the request with its fallbacks, if there are any
 * @throws ApiError `unsupported-option`, `previous-job-gone`, `job-not-finished`, `invalid-request`, `upgrade-under-way`,
 * `storage-quota-exceeded`, `storage-unavailable`, and for fallbacks `unknown-provider`, `unknown-model`
 */
export async function admitRequest(admission: Admission, deps: AdmissionDeps): Promise<Admitted> {
  const { request: asked, provider, isStored } = admission
  // An empty list means that none is wanted, not even those of the operator.
  const { fallbacks: none, ...plain } = asked
  const request = none?.length === 0 ? plain : asked
  const { previousJobId } = request
  const chain = previousJobId === undefined ? [] : await deps.earlierTurns.before(previousJobId, admission.caller)
  checkCapabilities(request, chain, provider)
  checkConversation(request, chain)
  checkFallbacks(request, chain, deps)
  const isHidden = !isStored
  await deps.jobs.checkReadable(recordVersionOf({ ...request, isHidden }))
  await checkStoredBytes(admission, deps)
  if (none) return { request, chain }
  return { request: await withOperatorFallbacks({ ...request, isHidden }, chain, deps), chain }
}

async function withOperatorFallbacks(
  { isHidden, ...request }: JobRequest & { readonly isHidden: boolean },
  chain: readonly EarlierTurn[],
  deps: AdmissionDeps,
): Promise<JobRequest> {
  const fallbacks = operatorFallbacks(request, chain, deps)
  if (fallbacks.length === 0) return request
  const extended = { ...request, fallbacks }
  try {
    await deps.jobs.checkReadable(recordVersionOf({ ...extended, isHidden }))
    return extended
  } catch (error) {
    // Processes of an older version would not ask them, and the caller did not ask for them.
    if (error instanceof UpgradeUnderWayError) return request
    throw error
  }
}

async function checkStoredBytes(
  { request, caller }: Admission,
  { jobs, maxStoredBytesPerKey: max }: AdmissionDeps,
): Promise<void> {
  // A prompt is no item.
  if (caller === undefined || !request.messages) return
  const added = [...itemSizes(request).values()].reduce((sum, bytes) => sum + bytes, 0)
  if (added === 0) return
  if ((await jobs.countStoredBytes(caller)) + added <= max) return
  const message = `The messages of your jobs may take ${max} bytes in the store. Delete jobs that you do not need any more.`
  throw new ApiError('storage-quota-exceeded', message)
}
