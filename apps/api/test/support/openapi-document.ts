import { Ajv2020 } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { z } from 'zod'

const Content = z.record(z.string(), z.looseObject({ schema: z.unknown().optional(), example: z.unknown().optional() }))
const Operation = z.looseObject({
  operationId: z.string(),
  responses: z.record(z.string(), z.looseObject({ content: Content.optional() })),
})
const Document = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), Operation)) })

interface Answer {
  readonly status: number
  readonly contentType: string | null
  readonly body: string
}

/** The OpenAPI document of a server, to compare with its answers. */
export class OpenApiDocument {
  readonly text: string
  readonly paths: z.infer<typeof Document>['paths']
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true })

  private constructor(text: string) {
    this.text = text
    this.paths = Document.parse(JSON.parse(text)).paths
    formats.default(this.#ajv)
    this.#ajv.addSchema({ ...JSON.parse(text), $id: 'openapi' })
  }

  static async of(url: string): Promise<OpenApiDocument> {
    return new OpenApiDocument(await (await fetch(`${url}/openapi.json`)).text())
  }

  /** All answers that the document describes for some paths, as `getJob 200`. */
  answersOf(paths: RegExp): string[] {
    return Object.entries(this.paths)
      .flatMap(([path, operations]) => (paths.test(path) ? Object.values(operations) : []))
      .flatMap(({ operationId, responses }) => Object.keys(responses).map((status) => `${operationId} ${status}`))
  }

  /** The operation that a path belongs to. */
  operationFor(method: string, path: string): string | undefined {
    return this.#find(method, path)?.operation.operationId
  }

  /**
   * How an answer differs from the document; empty when it does not.
   * @param path without query
   */
  faultsOf(method: string, path: string, { status, contentType, body }: Answer): string[] {
    const found = this.#find(method, path)
    if (!found) return status === 404 ? [] : [`${method} ${path} is not documented, and answered ${status}`]
    const { operation, pointer } = found
    const at = `${operation.operationId} ${status}`
    const response = operation.responses[String(status)]
    if (!response) return [`${at} is not documented: ${body.slice(0, 200)}`]
    if (!response.content) return body === '' ? [] : [`${at} has a body, and none is documented`]
    const type = contentType?.split(';')[0] ?? ''
    if (!response.content[type]) return [`${at} is ${type}, which is not documented`]
    if (!/[/+]json$/.test(type)) return []
    const schema = `openapi#${pointer}/responses/${status}/content/${type.replaceAll('/', '~1')}/schema`
    const validate = this.#ajv.getSchema(schema)
    if (!validate) return [`${at} has no schema`]
    return validate(JSON.parse(body))
      ? []
      : [`${at}: ${this.#ajv.errorsText(validate.errors)} in ${body.slice(0, 500)}`]
  }

  #find(method: string, path: string) {
    for (const [template, operations] of Object.entries(this.paths)) {
      const pattern = new RegExp(`^${template.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
      const operation = operations[method.toLowerCase()]
      if (!operation || !pattern.test(path)) continue
      const pointer = `/paths/${template.replaceAll('/', '~1').replaceAll('{', '%7B').replaceAll('}', '%7D')}/${method.toLowerCase()}`
      return { operation, pointer }
    }
    return undefined
  }
}
