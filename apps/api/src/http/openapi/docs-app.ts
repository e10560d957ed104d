import swagger, { type SwaggerTransformObject } from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import {
  Conversation,
  DeliveryList,
  Fault,
  FeedEvent,
  Fixture,
  FullStreamEvent,
  JobError,
  JobMetrics,
  JobPage,
  JobResource,
  JobSummaryResource,
  JsonValue,
  Problem,
  ProviderInfo,
  Readiness,
  StreamEvent,
  UsageReport,
  WebhookMessage,
} from '@promptlab/contract'
import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { VERSION } from '../../base/version.ts'
import { securityHeaders } from '../plugins/security-headers.ts'
import { describeRoute } from './describe-route.ts'
import type { DescribedApi } from './described-api.ts'
import { DESCRIBED_WEBHOOKS } from './described-webhooks.ts'
import { OPERATIONS } from './operations.ts'

const SCHEMAS = {
  Job: JobResource,
  JobSummary: JobSummaryResource,
  JobPage,
  Conversation,
  JobError,
  JobMetrics,
  Fixture,
  JsonValue,
  StreamEvent,
  FullStreamEvent,
  FeedEvent,
  ProviderInfo,
  UsageReport,
  DeliveryList,
  WebhookMessage,
  Readiness,
  Problem,
  Fault,
}

type Document = ReturnType<SwaggerTransformObject>

/** The hash of the style in Swagger UI's logo. Swagger UI has all other styles in files. */
const LOGO_STYLE = "'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"

/** A route that the document describes. */
export type DescribedRoute = Pick<RouteOptions, 'method' | 'url' | 'schema'>

/** An app that serves the document, and a page on which people can read it. It has the routes only to describe them. */
export async function buildDocsApp(routes: readonly DescribedRoute[], foreign: DescribedApi): Promise<FastifyInstance> {
  const app = Fastify({ exposeHeadRoutes: false })
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => JSON.stringify)
  app.register(securityHeaders)
  const schemaRegistry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(SCHEMAS)) schemaRegistry.add(schema, { id })
  const options = { schemaRegistry, zodToJsonConfig: { override: addDescription } }
  const transform = createJsonSchemaTransform(options)
  const transformObject = createJsonSchemaTransformObject(options)

  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'PromptLab Jobs API',
        version: VERSION,
        description:
          'Post a prompt or a conversation, get a job; stream its answer from anywhere, as often as you like, and never lose a token.\n\nErrors are `application/problem+json` (RFC 9457), with a stable `code`.\n\nThe paths below `/v1` are doors: other APIs over the same jobs, for their official SDKs, with errors as those APIs have them.',
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'This server' }],
      tags: [
        { name: 'jobs', description: 'Prompts and conversations on their way through a provider.' },
        { name: 'providers', description: 'What jobs can be created for.' },
        { name: 'usage', description: 'What jobs used and cost, and what they may cost.' },
        { name: 'operation', description: 'For the operator of the server.' },
        ...foreign.tags,
      ],
      webhooks: DESCRIBED_WEBHOOKS,
      components: {
        securitySchemes: {
          apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of this server.' },
          apiKeyHeader: {
            type: 'apiKey',
            in: 'header',
            name: 'x-api-key',
            description: 'An API key of this server, as the SDKs of Anthropic send it. Only below `/v1`.',
          },
          metricsKey: { type: 'http', scheme: 'bearer', description: 'The key for metrics.' },
          streamLink: {
            type: 'apiKey',
            in: 'query',
            name: 'signature',
            description: 'With `expires`, as in `links.stream` of a job.',
          },
        },
      },
    },
    transform: (document) => {
      const { schema } = transform({ ...document, schema: document.schema ?? {} })
      // The url of a route at the root of a prefix ends with a slash here.
      const url = document.url.replace(/(?<=.)\/$/, '')
      const operation = OPERATIONS[`${document.route.method} ${url}`]
      return { url, schema: operation ? describeRoute(schema ?? {}, operation) : { hide: true } }
    },
    transformObject: (document) => withForeign(withOptionalBodies(withoutInputs(transformObject(document))), foreign),
  })
  for (const { method, url, schema = {} } of routes) app.route({ method, url, schema, handler: async () => undefined })

  app.get('/openapi.json', { schema: { hide: true } }, async (_, reply) =>
    reply.type('application/json; charset=utf-8').send(JSON.stringify(app.swagger())),
  )
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { deepLinking: true },
    theme: { title: 'PromptLab Jobs API' },
    transformStaticCSP: (policy) => `${policy};style-src 'self' ${LOGO_STYLE}`,
  })
  return app
}

/** Adds the description of a schema. Descriptions are in zod's global registry, and the schemas' names are in another one. */
function addDescription({
  zodSchema,
  jsonSchema,
}: {
  zodSchema: z.core.$ZodType
  jsonSchema: { description?: string }
}): void {
  const description = z.globalRegistry.get(zodSchema)?.description
  if (description !== undefined) jsonSchema.description = description
}

/** Adds the routes of a foreign API, which are hidden as routes. */
function withForeign(document: Document, { paths, schemas }: DescribedApi): Document {
  if (!('components' in document)) return document
  Object.assign(document.paths ?? {}, paths)
  Object.assign(document.components?.schemas ?? {}, schemas)
  return document
}

/** Says which bodies may be missing. The plugin calls every body required. */
function withOptionalBodies(document: Document): Document {
  const optional = Object.values(OPERATIONS).flatMap((each) => (each.isBodyOptional ? each.operationId : []))
  for (const path of Object.values(('paths' in document && document.paths) || {})) {
    const { post } = path ?? {}
    if (post?.requestBody && 'required' in post.requestBody && optional.includes(post.operationId ?? ''))
      post.requestBody.required = false
  }
  return document
}

/** Removes the second copy of each named schema, for input. Clients only receive what the named schemas describe. */
function withoutInputs(document: Document): Document {
  const schemas = 'components' in document ? document.components?.schemas : undefined
  for (const name of Object.keys(schemas ?? {})) if (!Object.hasOwn(SCHEMAS, name)) delete schemas?.[name]
  return document
}
