import { Metadata } from '@promptlab/contract'

/** The metadata of a request as that of its job. A job has none if there are none, or if they are not as those of a job must be. */
export function jobMetadata(sent: Readonly<Record<string, string>> | undefined): { metadata?: Metadata } {
  const { data: metadata } = Metadata.optional().safeParse(sent)
  return metadata ? { metadata } : {}
}
