import { z } from 'zod'
import { FixtureMessage } from './fixture-message.ts'
import { FinishReason, TokenUsage } from './job.ts'
import { ProviderErrorCode } from './job-error.ts'
import { JobOptions } from './job-options.ts'

const afterMs = z
  .int()
  .nonnegative()
  .optional()
  .describe('Milliseconds since the piece before, or since the start. Absent: 0.')
/** A value of JSON. */
export const JsonValue = z.json()

const carry = JsonValue.exactOptional().describe(
  'What the vendor wants back with this part in the next turn, such as a signature.',
)

const TextPiece = z.strictObject({ afterMs, type: z.literal('text'), text: z.string(), carry })
const ReasoningPiece = z.strictObject({ afterMs, type: z.literal('reasoning'), text: z.string(), carry })
const RefusalPiece = z.strictObject({ afterMs, type: z.literal('refusal'), text: z.string(), carry })
const CallPiece = z.strictObject({ afterMs, type: z.literal('tool-call'), callId: z.string(), name: z.string() })
const ArgumentsPiece = z.strictObject({ afterMs, type: z.literal('tool-arguments'), text: z.string() })
const CallEndPiece = z.strictObject({ afterMs, type: z.literal('tool-call-end'), carry })

/** A piece of a recorded answer, and when it came. */
const FixturePiece = z.discriminatedUnion('type', [
  TextPiece,
  ReasoningPiece,
  RefusalPiece,
  CallPiece,
  ArgumentsPiece,
  CallEndPiece,
])
export type FixturePiece = z.infer<typeof FixturePiece>

const failure = {
  error: ProviderErrorCode.optional().describe('The code of the failure.'),
  message: z.string().optional().describe('What callers are told. Absent: the usual sentence for the code.'),
  retryable: z.boolean().optional().describe('Whether the same call may succeed later. Absent: as usual for the code.'),
  retryAfterMs: z.int().nonnegative().optional().describe('The wait that the vendor asks for.'),
  status: z
    .int()
    .min(100)
    .max(599)
    .optional()
    .describe('The HTTP status of the vendor. 503 and 529 say that it has too much to do.'),
  hang: z.literal(true).optional().describe('The vendor says nothing more, and does not end.'),
}
/** Fields that describe a failure, and mean nothing without one. */
const OF_FAILURE = ['message', 'retryable', 'retryAfterMs', 'status'] as const

/** How a vendor fails, in a fixture: with an error, or by saying nothing more. */
export type FixtureFailure = z.infer<z.ZodObject<typeof failure>>

const FixtureEnd = z
  .strictObject({
    afterMs,
    finishReason: FinishReason.optional(),
    usage: TokenUsage.optional(),
    ...failure,
  })
  .check(z.superRefine(checkFailure))
  .check(
    z.superRefine((end, context) => {
      const isFailure = end.error !== undefined || end.hang
      for (const field of ['finishReason', 'usage'] as const)
        if (isFailure && end[field] !== undefined)
          context.addIssue({ code: 'custom', path: [field], message: 'Is only for an answer that completes' })
    }),
  )
  .describe('What came behind the pieces: the end of the answer, an error, or nothing more (`hang`).')

const FixtureFault = z
  .strictObject({
    call: z.int().min(1).describe('Which call of the fixture fails, counted from 1 since the start of the server.'),
    afterPieces: z
      .int()
      .nonnegative()
      .optional()
      .describe('How many pieces come before. Absent: none. At most, all of them.'),
    ...failure,
  })
  .check(z.superRefine(checkFailure))
  .check(
    z.superRefine(({ error, hang }, context) => {
      if (error === undefined && !hang)
        context.addIssue({ code: 'custom', path: ['error'], message: 'Is required, or hang' })
    }),
  )
export type FixtureFault = z.infer<typeof FixtureFault>

const FixtureRequest = z
  .strictObject({
    provider: z.string().min(1).describe('The provider that answered.'),
    model: z.string().min(1),
    prompt: z.string().optional().describe('A request has either `prompt` or `messages`.'),
    messages: z.array(FixtureMessage).min(1).optional().describe('The whole conversation, oldest message first.'),
    options: JobOptions.optional(),
  })
  .check(
    z.superRefine(({ prompt, messages }, context) => {
      if ((prompt === undefined) === (messages === undefined))
        context.addIssue({ code: 'custom', path: ['prompt'], message: 'Give either prompt or messages' })
    }),
  )
export type FixtureRequest = z.infer<typeof FixtureRequest>

/** A recorded call of a vendor, to be played without the vendor: the request, the answer with its timing, and the end. */
export const Fixture = z.strictObject({
  version: z.literal(1),
  note: z.string().optional().describe('Anything that a reader should know.'),
  from: z
    .strictObject({ jobId: z.string(), createdAt: z.iso.datetime() })
    .optional()
    .describe('The job that was recorded. Absent: the fixture was written by hand.'),
  request: FixtureRequest.describe('Only requests that are equal to this one get the answer.'),
  answer: z.array(FixturePiece),
  end: FixtureEnd,
  faults: z
    .array(FixtureFault)
    .check(z.superRefine(checkCalls))
    .optional()
    .describe('Calls that fail instead, written by hand.'),
})
export type Fixture = z.infer<typeof Fixture>

function checkFailure({ error, hang, ...fields }: FixtureFailure, context: z.RefinementCtx): void {
  if (error !== undefined && hang)
    context.addIssue({ code: 'custom', path: ['hang'], message: 'Give either error or hang' })
  for (const field of OF_FAILURE)
    if (error === undefined && fields[field] !== undefined)
      context.addIssue({ code: 'custom', path: [field], message: 'Is only for an error' })
}

function checkCalls(faults: readonly FixtureFault[], context: z.RefinementCtx): void {
  const calls = faults.map(({ call }) => call)
  for (const [index, call] of calls.entries())
    if (calls.indexOf(call) < index)
      context.addIssue({ code: 'custom', path: [index, 'call'], message: `There is another fault of call ${call}` })
}
