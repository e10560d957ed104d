import { z } from 'zod'

/** The answer that a job asks of the vendor. It is sent as the prompt. */
export const Script = z.object({
  /** Chooses the text. */
  seed: z.int(),
  tokens: z.int(),
  /** The pause between two tokens. 0: none, but each token has its own write. */
  pauseMs: z.number(),
  /** The tokens are reasoning, with a text of one token behind them. */
  isReasoning: z.boolean().optional(),
  /** No token is sent before `releaseHeld`. */
  isHeld: z.boolean().optional(),
  /** The stream stays open after its last token. */
  isEndless: z.boolean().optional(),
  /** Makes the prompt longer. */
  padding: z.string().optional(),
})
export type Script = z.infer<typeof Script>
