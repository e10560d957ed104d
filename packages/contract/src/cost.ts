import { z } from 'zod'
import { JobErrorCode } from './job-error.ts'

/** What was spent, and how it is known. */
export const Cost = z.object({
  usd: z
    .number()
    .nonnegative()
    .optional()
    .describe('US dollars, to the billionth. Absent if `priced` is `unknown`; it is never 0 for an unknown cost.'),
  priced: z
    .enum(['vendor', 'exact', 'estimated', 'unknown'])
    .describe(
      '`vendor`: the vendor said what it charges. `exact`: the tokens that the vendor counted, at the price of this model. ' +
        '`estimated`: at the price of a similar model, or with tokens that this server estimated. `unknown`: no price is known.',
    ),
})
export type Cost = z.infer<typeof Cost>

/** How a call of a vendor ended: completely, cancelled with its job, or with the code of a failure. */
export const CallEnd = z.enum(['completed', 'cancelled', ...JobErrorCode.options])
export type CallEnd = z.infer<typeof CallEnd>

/** One call of a vendor in a job. */
export const VendorCall = z.object({
  provider: z.string(),
  model: z.string(),
  startedAt: z.iso.datetime(),
  endedBecause: CallEnd.optional().describe('Absent while the call goes on.'),
  cost: Cost.optional().describe('Present once the call has ended.'),
})
export type VendorCall = z.infer<typeof VendorCall>
