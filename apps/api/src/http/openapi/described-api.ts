/** The routes of a foreign API, as the document describes them. Their own schemas are not used: they parse by hand. */
export interface DescribedApi {
  readonly tags: readonly { readonly name: string; readonly description: string }[]
  /** Operations of OpenAPI, by path (`/v1/models/{model}`) and by method in lower case. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>
  /** JSON Schemas, by the names under which the operations refer to them. */
  readonly schemas: Readonly<Record<string, object>>
}
