import type { JobLinks } from '@promptlab/contract'
import type { StreamLinks } from '../access/stream-links.ts'

/**
 * Makes the links of jobs.
 * @param prefix the path of all jobs
 * @param streamLinks signs the links of streams; undefined if streams can be read without a signature
 */
export function jobLinks(prefix: string, streamLinks: StreamLinks | undefined): (jobId: string) => JobLinks {
  return (jobId) => {
    const self = `${prefix}/${jobId}`
    const stream = `${self}/stream`
    return { self, cancel: `${self}/cancel`, stream: streamLinks ? `${stream}?${streamLinks.sign(jobId)}` : stream }
  }
}
