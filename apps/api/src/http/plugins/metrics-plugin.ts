import fp from 'fastify-plugin'
import type { Metrics } from '../../monitoring/metrics.ts'

/** Counts every answer when its response closes, also answers whose connection broke. */
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
