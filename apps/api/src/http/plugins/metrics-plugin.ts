import fp from 'fastify-plugin'
import type { Metrics } from '../../monitoring/metrics.ts'

/** Has every answer counted, also those that are cut off. */
export const metricsPlugin = fp<{ metrics: Metrics }>(
  async (app, { metrics }) => {
    app.addHook('onRequest', (request, reply, done) => {
      reply.raw.once('close', () => {
        const { method, routeOptions } = request
        const { statusCode: status } = reply.raw
        metrics.answered({ method, route: routeOptions.url, status, durationMs: reply.elapsedTime })
      })
      done()
    })
  },
  { name: 'metrics' },
)
