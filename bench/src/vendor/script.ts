import { z } from 'zod'

/** What the vendor is to answer; it travels as the prompt. */
export const Script = z.object({
  /** Chooses the text. */
  seed: z.int(),
  tokens: z.int(),
  /** Between two tokens. 0: each token is sent as soon as the one before is on its way. */
  pauseMs: z.number(),
  /** Sends nothing before `releaseHeld`. */
  isHeld: z.boolean().optional(),
  /** Never ends after its last token. */
  isEndless: z.boolean().optional(),
  /** Makes the prompt longer. */
  padding: z.string().optional(),
})
export type Script = z.infer<typeof Script>
