import { z } from 'zod'

/** A provider as `GET /providers` shows it. */
export const ProviderInfo = z.object({
  name: z.string(),
  models: z.array(z.string()),
  configured: z.boolean().describe('Whether jobs for it are accepted.'),
  missing: z.array(z.string()).describe('The environment variables that must be set first.'),
})
export type ProviderInfo = z.infer<typeof ProviderInfo>
