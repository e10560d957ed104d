import type * as contract from '@promptlab/contract'
import { expectTypeOf, it } from 'vitest'
import type { Problem } from './errors.ts'
import type { Job, JobPage, JobRequest, ProviderInfo } from './job.ts'
import type { StreamEvent } from './stream-event.ts'

// Checked by the compiler. The types are written out, so that who installs the client does not install a schema library.

it('what the server sends is what the client says it gets', () => {
  expectTypeOf<contract.Job>().toExtend<Job>()
  expectTypeOf<contract.JobPage>().toExtend<JobPage>()
  expectTypeOf<contract.ProviderInfo>().toExtend<ProviderInfo>()
  expectTypeOf<contract.Problem>().toExtend<Problem>()
  expectTypeOf<contract.StreamEvent>().toExtend<StreamEvent>()
})

it('the client knows every status and every code of a failure, and no others', () => {
  expectTypeOf<Job['status']>().toEqualTypeOf<contract.JobStatus>()
  expectTypeOf<Extract<Job, { status: 'failed' }>['error']>().toEqualTypeOf<contract.JobError>()
  expectTypeOf<StreamEvent['event']>().toEqualTypeOf<contract.StreamEvent['event']>()
})

it('what the client sends is what the server takes', () => {
  expectTypeOf<JobRequest>().toExtend<contract.CreateJobBody>()
})
