import type { WebhookMessage } from '@promptlab/contract'
import type { StoredFinalJob } from '../job.ts'

/**
 * What a receiver is told of a job that has ended: no prompt, no answer, and no link that opens without a key. It is made of the
 * record alone, so it is the same at every attempt and in every process.
 * @param publicUrl the address at which callers reach the server, without a slash at its end. Empty: links are paths
 */
export function jobNews(job: StoredFinalJob, publicUrl: string): WebhookMessage {
  const { id, status, provider, model, createdAt, updatedAt, metrics, metadata, rerunOf, forkOf } = job
  const self = `${publicUrl}/jobs/${id}`
  return {
    type: `job.${status}`,
    timestamp: updatedAt,
    data: {
      id,
      status,
      provider,
      model,
      createdAt,
      updatedAt,
      metrics,
      ...(job.status === 'failed' && { error: job.error }),
      ...(metadata && { metadata }),
      ...(rerunOf !== undefined && { rerunOf }),
      ...(forkOf && { forkOf }),
      links: { self, stream: `${self}/stream` },
    },
  }
}
