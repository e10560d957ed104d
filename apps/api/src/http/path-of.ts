import type { FastifyRequest } from 'fastify'
import { clip } from './clip.ts'

/** The path of a request without its query, which may hold a signature. */
export function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  return clip(url.split('?', 1)[0] ?? '/')
}
