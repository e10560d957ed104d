import type { JobLinks } from '@promptlab/contract'

/** Signs what lets the bearer of a stream link in. */
interface LinkSigner {
  /** The query of the link. */
  sign(jobId: string): string
}

/**
 * Makes the links of jobs.
 * @param prefix the path of all jobs
 * @param signer undefined if streams can be read without a link
 */
export function jobLinks(prefix: string, signer: LinkSigner | undefined): (jobId: string) => JobLinks {
  return (jobId) => {
    const self = `${prefix}/${jobId}`
    const stream = `${self}/stream`
    return { self, cancel: `${self}/cancel`, stream: signer ? `${stream}?${signer.sign(jobId)}` : stream }
  }
}
