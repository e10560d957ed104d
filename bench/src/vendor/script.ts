import { z } from 'zod'

/**
 * What the tokens of an answer are: its text, reasoning with a text of one character behind it, or the arguments of a tool call,
 * which are `{"text": …}`.
 */
export const Pieces = z.enum(['text', 'reasoning', 'tool'])
export type Pieces = z.infer<typeof Pieces>

/** The answer that a job asks of the vendor. It is sent as the prompt. */
export const Script = z.object({
  /** Chooses the text. */
  seed: z.int(),
  tokens: z.int(),
  /** The pause between two tokens. 0: none, but each token has its own write. */
  pauseMs: z.number(),
  /** What the tokens are. Default: text. */
  pieces: Pieces.optional(),
  /** No token is sent before `releaseHeld`. */
  isHeld: z.boolean().optional(),
  /** The stream stays open after its last token. */
  isEndless: z.boolean().optional(),
  /** The number of an answer in lock-step: only the program `lock-step` knows it. */
  lockStep: z.object({ stream: z.int(), tokensAtOnce: z.int() }).optional(),
  /** Makes the prompt longer. */
  padding: z.string().optional(),
})
export type Script = z.infer<typeof Script>
