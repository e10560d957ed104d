import { z } from 'zod'
import type { Door } from '../../jobs/door.ts'

/**
 * What a response repeats of its request, and nothing else in the record says. A field that is absent has the default of the
 * API.
 */
export const ResponseEcho = z.object({
  /** The name of the model as it was asked. */
  model: z.string().optional(),
  background: z.boolean().optional(),
  include: z.array(z.string()).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  user: z.string().optional(),
  safety_identifier: z.string().optional(),
  prompt_cache_key: z.string().optional(),
  max_tool_calls: z.int().optional(),
  reasoning_summary: z.string().optional(),
  /** The names of the tools whose `strict` was true. */
  strict_tools: z.array(z.string()).optional(),
})
export type ResponseEcho = z.infer<typeof ResponseEcho>

/** The echo of a job that was made here; nothing of a job that was made elsewhere. */
export function echoOf(door: Door | undefined): ResponseEcho {
  return door?.name === 'openai-responses' ? ResponseEcho.parse(door.echo ?? {}) : {}
}
