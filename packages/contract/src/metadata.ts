import { z } from 'zod'

/** The most entries that the metadata of a job may have. */
export const MAX_METADATA = 16

/** What a caller notes of a job. The server stores it, shows it, and finds jobs by it; no vendor gets it. */
export const Metadata = z
  .record(z.string().min(1).max(64), z.string().max(512))
  .refine((metadata) => Object.keys(metadata).length <= MAX_METADATA, `Has more than ${MAX_METADATA} entries`)
  .describe(
    `Your own notes of the job: at most ${MAX_METADATA} texts of at most 512 characters, by names of at most 64. No vendor gets them.`,
  )
export type Metadata = z.infer<typeof Metadata>
