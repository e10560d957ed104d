import { z } from 'zod'

/** The foreign APIs at which jobs can be made, beside the native one. */
export const DoorName = z.enum(['openai-responses', 'openai-chat', 'anthropic-messages'])
export type DoorName = z.infer<typeof DoorName>

/** Where a job was made, and what the answers of that door must repeat of the request and nothing else in the record says. */
export const Door = z.object({ name: DoorName, echo: z.record(z.string(), z.json()).optional() })
export type Door = z.infer<typeof Door>

/** The client that waits for the answer of a job at a door. */
export const DoorClient = z.object({
  /** The process that the client is connected to, see `JobRepository.processId`. */
  process: z.string(),
  /** When the connection of the client was lost before it had the whole answer. Undefined while it is there. */
  lostAt: z.iso.datetime().optional(),
  /** Whether the client had got the head of the response by then. */
  hadHead: z.literal(true).optional(),
})
export type DoorClient = z.infer<typeof DoorClient>

/** Whether a client waits at a door for the answer. Nobody waits for the native jobs and for those in the background. */
export function isForeground({ client, door }: ForegroundFields): boolean {
  return client !== undefined && door?.echo?.['background'] !== true
}

/** What a vendor gave with a part of an earlier answer, and a caller sends back with its messages. */
export const InputCarry = z.object({
  /** The index of the message, and of the part in its content. */
  message: z.int().nonnegative(),
  part: z.int().nonnegative(),
  /** The provider that it comes from. No other provider gets it. */
  provider: z.string(),
  /** JSON text, or the item that holds it. */
  json: z.union([z.string(), z.object({ type: z.literal('text'), item: z.string(), bytes: z.int().positive() })]),
})
export type InputCarry = z.infer<typeof InputCarry>

interface ForegroundFields {
  readonly client?: DoorClient | undefined
  readonly door?: Door | undefined
}
