import type { FastifyPluginAsync } from 'fastify'
import type { Metrics } from '../../monitoring/metrics.ts'

/** The route of `/metrics`: the metrics of this process, in the format of Prometheus. */
export const metricsRoutes: FastifyPluginAsync<{ metrics: Metrics }> = async (app, { metrics }) => {
  app.get('/', { config: { access: 'metrics', rateLimit: false } }, async (_, reply) =>
    reply.type(metrics.contentType).send(await metrics.text()),
  )
}
