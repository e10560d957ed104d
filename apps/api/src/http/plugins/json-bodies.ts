import { isUtf8 } from 'node:buffer'
import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'
import { isDeeperThan } from './json-depth.ts'

/** What the API takes is nested twice. */
const MAX_DEPTH = 16

/**
 * Bodies are JSON and nothing else. An empty one counts as none, whatever its content type: many clients name the type of
 * a body that they do not send.
 */
export const jsonBodies = fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
      if (body.length === 0) return done(null, undefined)
      const text = decode(body)
      if (text === undefined) return done(new ApiError('invalid-request', 'The body is not UTF-8.'))
      if (isDeeperThan(MAX_DEPTH, text)) return done(new ApiError('invalid-request', 'The body is nested too deeply.'))
      parse(request, text, done)
    })
    app.addHook('onRequest', ({ headers }, _, done) => {
      const encoding = headers['content-encoding'] ?? 'identity'
      if (encoding === 'identity') done()
      else done(new ApiError('unsupported-media-type', 'Send the body uncompressed.'))
    })
  },
  { name: 'json-bodies' },
)

/** Undefined if it is not UTF-8: replacing what cannot be read would store another prompt than the one that was sent. */
function decode(body: string | Buffer): string | undefined {
  if (typeof body === 'string') return body
  return isUtf8(body) ? body.toString() : undefined
}
