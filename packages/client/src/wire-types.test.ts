import type * as contract from '@promptlab/contract'
import { expectTypeOf, it } from 'vitest'
import type { Problem } from './errors.ts'
import type { Job, JobPage, JobRequest, ProviderInfo } from './job.ts'
import type { StreamEvent } from './stream-event.ts'

// These tests run in the compiler. The client's types are written by hand, so that the client needs no schema library.

it('client types > accept everything that the contract sends', () => {
  expectTypeOf<contract.Job>().toExtend<Job>()
  expectTypeOf<contract.JobPage>().toExtend<JobPage>()
  expectTypeOf<contract.ProviderInfo>().toExtend<ProviderInfo>()
  expectTypeOf<contract.Problem>().toExtend<Problem>()
  expectTypeOf<contract.StreamEvent>().toExtend<StreamEvent>()
})

it('client types > have the same statuses, error codes and events as the contract', () => {
  expectTypeOf<Job['status']>().toEqualTypeOf<contract.JobStatus>()
  expectTypeOf<Extract<Job, { status: 'failed' }>['error']>().toEqualTypeOf<contract.JobError>()
  expectTypeOf<StreamEvent['event']>().toEqualTypeOf<contract.StreamEvent['event']>()
})

it('client types > make requests that the contract accepts', () => {
  expectTypeOf<JobRequest>().toExtend<contract.CreateJobBody>()
})
