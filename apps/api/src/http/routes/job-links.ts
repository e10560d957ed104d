import type { JobLinks } from '@promptlab/contract'
import type { StreamLinks } from '../access/stream-links.ts'

/**
 * Makes the function that returns the links of a job.
 * @param prefix the path of all jobs
 * @param streamLinks signs the links of streams; undefined on a server without keys
 */
export function jobLinks(prefix: string, streamLinks: StreamLinks | undefined): (jobId: string) => JobLinks {
  return (jobId) => {
    const self = `${prefix}/${jobId}`
    const stream = `${self}/stream`
    return { self, cancel: `${self}/cancel`, stream: streamLinks ? `${stream}?${streamLinks.sign(jobId)}` : stream }
  }
}
