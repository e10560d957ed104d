import { isFinal } from '@promptlab/contract'
import type { ProviderCapabilities } from '@promptlab/providers'
import { ApiError } from '../../base/api-error.ts'
import type { JobRequest, StoredJob } from '../job.ts'
import { type Item, type JobRepository, PreviousJobGoneError } from '../ports/job-repository.ts'
import { recordVersionOf } from '../record-version.ts'
import { checkCapabilities, checkConversation, MAX_CHAIN_LENGTH } from './check-request.ts'
import { readChain } from './conversation.ts'

interface Admission {
  readonly request: JobRequest
  readonly items: readonly Item[]
  readonly caller: string | undefined
  /** Whether the answer can be read again. */
  readonly isStored: boolean
  readonly provider: { readonly name: string; readonly capabilities: ProviderCapabilities }
}

interface AdmissionDeps {
  readonly jobs: JobRepository
  /** The most bytes of items that the jobs of one caller may refer to. */
  readonly maxStoredBytesPerKey: number
}

/**
 * Checks that a job can be made of a request: its provider can do it, its conversation is there and whole, every process can
 * read its record, and there is room for its items.
 * @throws ApiError `unsupported-option`, `previous-job-gone`, `job-not-finished`, `invalid-request`, `upgrade-under-way`,
 * `storage-quota-exceeded`, `storage-unavailable`
 */
export async function admitRequest(admission: Admission, deps: AdmissionDeps): Promise<void> {
  const { request, provider, isStored } = admission
  const chain = request.previousJobId === undefined ? [] : await chainOf(admission, request.previousJobId, deps)
  checkCapabilities(request, chain, provider)
  checkConversation(request, chain)
  await deps.jobs.checkReadable(recordVersionOf({ ...request, isHidden: !isStored }))
  await checkStoredBytes(admission, deps)
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
  { items, caller }: Admission,
  { jobs, maxStoredBytesPerKey: max }: AdmissionDeps,
): Promise<void> {
  if (items.length === 0 || caller === undefined) return
  const added = items.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if ((await jobs.countStoredBytes(caller)) + added <= max) return
  const message = `The messages of your jobs may take ${max} bytes in the store. Delete jobs that you do not need any more.`
  throw new ApiError('storage-quota-exceeded', message)
}
