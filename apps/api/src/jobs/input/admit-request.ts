import { isFinal } from '@promptlab/contract'
import type { ProviderCapabilities } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import type { JobRequest, StoredJob } from '../job.ts'
import { itemSizes } from '../kept-parts.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { PreviousJobGoneError, UpgradeUnderWayError } from '../ports/storage-errors.ts'
import { recordVersionOf } from '../record-version.ts'
import { checkCapabilities, checkConversation, MAX_CHAIN_LENGTH } from './check-request.ts'
import { readChain } from './conversation.ts'
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
  /** The most bytes of items that the jobs of one caller may refer to. */
  readonly maxStoredBytesPerKey: number
}

/** A request of which a job can be made. */
export interface Admitted {
  readonly request: JobRequest
  /** The jobs of the conversation before, oldest first. */
  readonly chain: readonly StoredJob[]
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
  const chain = request.previousJobId === undefined ? [] : await chainOf(admission, request.previousJobId, deps)
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
  chain: readonly StoredJob[],
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

async function chainOf(
  { request, caller }: Admission,
  previousJobId: string,
  { jobs }: AdmissionDeps,
): Promise<StoredJob[]> {
  const chain = await readChain(request, jobs, MAX_CHAIN_LENGTH)
  const previous = chain.at(-1)
  // The same error as for an unknown id, so that callers cannot find out which ids exist.
  const isHidden = previous?.deleteAfter !== undefined || (caller !== undefined && previous?.owner !== caller)
  if (!previous || isHidden) throw new PreviousJobGoneError(previousJobId)
  if (isFinal(previous)) return chain
  const message = `The job ${previousJobId} is ${previous.status}, and the conversation goes on behind its answer. Wait for its end.`
  throw new ApiError('job-not-finished', message)
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
