import { z } from 'zod'

/** A provider in the answer of `GET /providers`. */
export const ProviderInfo = z.object({
  name: z.string(),
  models: z.array(z.string()),
  configured: z.boolean().describe('Whether the server accepts jobs for this provider.'),
  missing: z.array(z.string()).describe('The environment variables that the operator must set first.'),
})
export type ProviderInfo = z.infer<typeof ProviderInfo>
