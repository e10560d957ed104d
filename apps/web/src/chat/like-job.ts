import type { ContentPart, Job, JobRequest, ShownPart } from '@promptlab/client'
import type { TurnRequest } from '@promptlab/react'
import { client } from '../api.ts'
import { FILE_TYPES, IMAGE_TYPES } from '../composer/attachment.ts'
import { attachedParts } from './turn-text.ts'

/** What a request for another question to the same model has besides its input. */
function likeJob(job: Job): Omit<JobRequest, 'prompt' | 'messages' | 'previousJobId'> {
  const { provider, model, options, fallbacks, maxCostUsd, webhook } = job
  return { provider, model, options, fallbacks, maxCostUsd, webhook }
}

/** The request that asks a question of a job with another text. Its images and files are fetched, to be sent again. */
export async function editedRequest(job: Job, text: string, metadata: Record<string, string>): Promise<TurnRequest> {
  const attached = attachedParts(job)
  if (attached.length === 0) return { ...likeJob(job), metadata, prompt: text }
  const parts = await Promise.all(attached.map((part) => sentPart(job.id, part)))
  return { ...likeJob(job), metadata, messages: [{ role: 'user', content: [...parts.flat(), { type: 'text', text }] }] }
}

/** The request that goes on behind a job with the results of its tool calls. */
export function resultsRequest(
  job: Job,
  results: readonly { callId: string; content: string }[],
  metadata: Record<string, string>,
): TurnRequest {
  const content = results.map((result) => ({ type: 'tool-result' as const, ...result }))
  return { ...likeJob(job), metadata, messages: [{ role: 'tool', content }] }
}

type MediaPart = Extract<ContentPart, { type: 'image' | 'file' }>

async function sentPart(jobId: string, part: ShownPart): Promise<MediaPart[]> {
  if (part.type !== 'image' && part.type !== 'file') return []
  const data = 'item' in part ? await base64(jobId, part.item) : undefined
  if (part.type === 'image') {
    const mediaType = IMAGE_TYPES.find((type) => type === part.mediaType)
    if ('url' in part) return [{ type: 'image', url: part.url, mediaType }]
    return data !== undefined && mediaType ? [{ type: 'image', mediaType, data }] : []
  }
  const { name } = part
  const mediaType = FILE_TYPES.find((type) => type === part.mediaType)
  if ('url' in part) return [{ type: 'file', name, url: part.url, mediaType }]
  return data !== undefined && mediaType ? [{ type: 'file', name, mediaType, data }] : []
}

async function base64(jobId: string, item: string): Promise<string> {
  const bytes = new Uint8Array(await (await client.item(jobId, item)).arrayBuffer())
  let binary = ''
  // Some browsers take at most 65,536 arguments.
  for (let start = 0; start < bytes.length; start += 0x8000)
    binary += String.fromCharCode(...bytes.subarray(start, start + 0x8000))
  return btoa(binary)
}
