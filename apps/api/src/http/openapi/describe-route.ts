import type { Operation } from './operation.ts'
import { problemAnswers } from './problem-answers.ts'

/** The schemas of a route, as JSON Schema. */
interface RouteSchema {
  readonly body?: unknown
  readonly response?: unknown
}

/** The description of a route in the document: its schemas and its operation. */
export function describeRoute(schema: RouteSchema, operation: Operation): object {
  const { operationId, tag, summary, description, bodies, answers } = operation
  const schemas: Readonly<Record<string, unknown>> = isObject(schema.response) ? schema.response : {}
  const good = Object.entries(answers).map(
    ([status, { description, example, texts = {}, files = [], headers, events }]) => {
      const content = {
        ...(example !== undefined && { 'application/json': { schema: schemas[status], example } }),
        ...Object.fromEntries(
          Object.entries(texts).map(([type, text]) => [
            type,
            { schema: textSchema(type, events), ...examplesOf(text) },
          ]),
        ),
        ...Object.fromEntries(files.map((type) => [type, { schema: { description: 'The bytes of a file.' } }])),
      }
      return [
        status,
        {
          description,
          ...(headers && {
            headers: mapValues(headers, (about) => ({ description: about, type: 'string' })),
          }),
          ...(Object.keys(content).length > 0 ? { content } : { type: 'null' }),
        },
      ] as const
    },
  )
  // One status may stand for a good answer and for a problem, as 503 does at `/health/ready`.
  const response: Record<string, object> = problemAnswers(operation)
  for (const [status, answer] of good) response[status] = merged(answer, response[status])
  return {
    ...schema,
    ...(isObject(schema.body) && bodies && { body: { ...schema.body, examples: bodies } }),
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: securityOf(operation),
    response,
  }
}

/** The schemas of the events in the stream of a job. */
const JOB_STREAM = ['StreamEvent', 'FullStreamEvent']

/** The schema of a text. That of a stream names the events in it. */
function textSchema(type: string, names: readonly string[] = JOB_STREAM): object {
  if (type === 'text/plain') return { type: 'string' }
  const [first, ...others] = names.map((name) => ({ $ref: `#/components/schemas/${name}` }))
  return {
    type: 'string',
    contentMediaType: type,
    contentSchema: others.length > 0 ? { anyOf: [first, ...others] } : first,
  }
}

function examplesOf(text: string | Readonly<Record<string, string>>): object {
  return typeof text === 'string' ? { example: text } : { examples: mapValues(text, (value) => ({ value })) }
}

function securityOf({ access }: Operation): object[] {
  switch (access) {
    case 'open':
      return []
    case 'metrics':
      return [{ metricsKey: [] }]
    case 'key-or-metrics-key':
      return [{ apiKey: [] }, { metricsKey: [] }]
    case 'key-or-stream-link':
      return [{ apiKey: [] }, { streamLink: [] }]
    default:
      return [{ apiKey: [] }]
  }
}

function merged(answer: object, problem: object | undefined): object {
  if (!problem) return answer
  const contentOf = (value: object) => ('content' in value && isObject(value.content) ? value.content : {})
  return { ...problem, ...answer, content: { ...contentOf(answer), ...contentOf(problem) } }
}

function mapValues<Value, Result>(values: Readonly<Record<string, Value>>, map: (value: Value) => Result) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
