import { isUtf8 } from 'node:buffer'
import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'
import { hasMoreValuesThan, isDeeperThan } from './json-depth.ts'

/** JSON Schemas in a body may be deep. */
const MAX_DEPTH = 64
/** A long conversation has some thousands. Each wrong value costs up to 35 µs, in which the server does nothing else. */
const MAX_VALUES = 100_000

/**
 * Accepts bodies in JSON only. An empty body counts as no body, whatever its content type: many clients send the type without
 * a body.
 */
export const jsonBodies = fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
      if (body.length === 0) return done(null, undefined)
      const text = decode(body)
      if (text === undefined) return done(new ApiError('invalid-request', 'The body is not UTF-8. Send JSON in UTF-8.'))
      if (isDeeperThan(MAX_DEPTH, text))
        return done(new ApiError('invalid-request', `The body is nested too deeply. The limit is ${MAX_DEPTH} levels.`))
      if (hasMoreValuesThan(MAX_VALUES, text))
        return done(new ApiError('invalid-request', `The body has more than ${MAX_VALUES} values. Send fewer.`))
      parse(request, text, done)
    })
    app.addHook('onRequest', ({ headers }, _, done) => {
      const encoding = headers['content-encoding'] ?? 'identity'
      if (encoding === 'identity') done()
      else
        done(
          new ApiError('unsupported-media-type', 'The server does not decompress bodies. Send the body uncompressed.'),
        )
    })
  },
  { name: 'json-bodies' },
)

/** The text of a body. Undefined if it is not UTF-8: a decoder would replace wrong bytes, so another prompt would be stored. */
function decode(body: string | Buffer): string | undefined {
  if (typeof body === 'string') return body
  return isUtf8(body) ? body.toString() : undefined
}
