import type { FastifyRequest } from 'fastify'
import { clip } from './clip.ts'

/** Without the query string, which may hold what should not be repeated. */
export function pathOf({ url }: Pick<FastifyRequest, 'url'>): string {
  return clip(url.split('?', 1)[0] ?? '/')
}
