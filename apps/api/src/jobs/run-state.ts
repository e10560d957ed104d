import { Cost, type Fallback, type JobMetrics, VendorCall } from '@promptlab/contract'
import { z } from 'zod'

/** What a later run of a job has to know of the runs before. */
export const RunState = z.object({
  /** The run at the vendor that this run reads, if it can be joined again. */
  vendorRun: z.object({ provider: z.string(), model: z.string(), handle: z.json() }).optional(),
  /** How many calls of vendors there were, those that are billed, and what they cost together. */
  attempts: z.int().nonnegative().optional(),
  calls: z.array(VendorCall).optional(),
  cost: Cost.optional(),
  /** Whom the next call asks: 0 stands for the job's own provider and model, n for its fallback n - 1. */
  choice: z.int().nonnegative().optional(),
})
export type RunState = z.infer<typeof RunState>

/** The metrics that a new run has from those before. */
export function metricsBefore({
  runState: { attempts = 0, calls, cost, choice = 0 } = {},
  fallbacks = [],
}: Before): Pick<JobMetrics, 'attempts' | 'answeredBy' | 'calls' | 'cost'> {
  const answeredBy = fallbacks[choice - 1]
  return { attempts, ...(answeredBy && { answeredBy }), ...(calls && { calls }), ...(cost && { cost }) }
}

interface Before {
  readonly runState?: RunState | undefined
  readonly fallbacks?: readonly Fallback[] | undefined
}
