import fp from 'fastify-plugin'

/**
 * Bodies are JSON and nothing else. An empty one counts as none, whatever its content type: many clients name the type of
 * a body that they do not send.
 */
export const jsonBodies = fp(
  async (app) => {
    const parse = app.getDefaultJsonParser('error', 'error')
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
      if (body === '') done(null, undefined)
      else parse(request, body.toString(), done)
    })
  },
  { name: 'json-bodies' },
)
