import type * as contract from '@promptlab/contract'
import { expectTypeOf, it } from 'vitest'
import type { OutputPart } from './answer.ts'
import type { BudgetLimit } from './budget.ts'
import type { ContentPart, Message, ShownMessage } from './content.ts'
import type { Delivery } from './delivery.ts'
import type { Problem } from './errors.ts'
import type { Fixture } from './fixture.ts'
import type { Job, JobMetrics, JobPage, ProviderInfo } from './job.ts'
import type { FeedEvent } from './job-feed.ts'
import type { JobOptions, ListedOptions } from './job-options.ts'
import type { ForkRequest, JobChanges, JobRequest } from './job-request.ts'
import type { StreamCursor, StreamEvent, StreamView } from './stream-event.ts'

// These tests run in the compiler. The client's types are written by hand, so that the client needs no schema library.

it('client types > accept everything that the contract sends', () => {
  expectTypeOf<contract.JobResource>().toExtend<Job>()
  expectTypeOf<contract.JobPage>().toExtend<JobPage>()
  expectTypeOf<contract.ProviderInfo>().toExtend<ProviderInfo>()
  expectTypeOf<contract.Problem>().toExtend<Problem>()
  expectTypeOf<contract.StreamEvent>().toExtend<StreamEvent>()
  expectTypeOf<contract.FullStreamEvent>().toExtend<StreamEvent>()
  expectTypeOf<contract.FeedEvent>().toExtend<FeedEvent>()
  expectTypeOf<contract.ShownMessage>().toExtend<ShownMessage>()
  expectTypeOf<contract.Fixture>().toExtend<Fixture>()
})

it('client types > have the same fields, statuses, error codes, parts and events as the contract', () => {
  expectTypeOf<Job['status']>().toEqualTypeOf<contract.JobStatus>()
  expectTypeOf<Extract<Job, { status: 'failed' }>['error']>().toEqualTypeOf<contract.JobError>()
  expectTypeOf<keyof Extract<Job, { status: 'completed' }>>().toEqualTypeOf<
    keyof Extract<contract.JobResource, { status: 'completed' }>
  >()
  expectTypeOf<JobMetrics>().toEqualTypeOf<contract.JobMetrics>()
  expectTypeOf<OutputPart['type']>().toEqualTypeOf<contract.OutputPart['type']>()
  expectTypeOf<ContentPart['type']>().toEqualTypeOf<contract.ContentPart['type']>()
  expectTypeOf<StreamEvent['event']>().toEqualTypeOf<contract.AnyStreamEvent['event']>()
  expectTypeOf<Exclude<StreamEvent['id'], 'end'>>().toEqualTypeOf<StreamCursor>()
  expectTypeOf<FeedEvent['event']>().toEqualTypeOf<contract.FeedEvent['event']>()
  expectTypeOf<StreamView>().toEqualTypeOf<contract.StreamView>()
  expectTypeOf<ProviderInfo>().toEqualTypeOf<contract.ProviderInfo>()
  expectTypeOf<Delivery>().toEqualTypeOf<contract.Delivery>()
  expectTypeOf<BudgetLimit>().toEqualTypeOf<contract.BudgetRow>()
})

it('client types > make requests that the contract accepts, with every option', () => {
  expectTypeOf<JobRequest>().toExtend<contract.CreateJobBody>()
  expectTypeOf<keyof JobRequest>().toEqualTypeOf<keyof contract.CreateJobBody>()
  expectTypeOf<JobChanges>().toEqualTypeOf<contract.RerunJobBody>()
  expectTypeOf<ForkRequest>().branded.toEqualTypeOf<contract.ForkJobBody>()
  expectTypeOf<Message>().toExtend<contract.Message>()
  expectTypeOf<Fixture>().toExtend<contract.Fixture>()
  expectTypeOf<JobOptions>().toEqualTypeOf<contract.JobOptions>()
  expectTypeOf<ListedOptions>().branded.toEqualTypeOf<contract.ListedOptions>()
})
