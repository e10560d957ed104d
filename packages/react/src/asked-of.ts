import type { JobChanges } from '@promptlab/client'
import type { FollowedJob } from './followed-job.ts'
import type { Asked } from './job-view.ts'

/** What a job that is made of another one is asked, as a page shows it until the server has answered. */
export function askedOf(of: FollowedJob, changes: JobChanges & { readonly prompt?: string | undefined }): Asked {
  const { asked } = of.view()
  return {
    ...asked,
    prompt: changes.prompt ?? asked?.prompt,
    provider: changes.provider ?? asked?.provider ?? '',
    model: changes.model ?? asked?.model ?? '',
  }
}
