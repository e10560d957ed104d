/** Where a request goes, and its headers: all but its body. */
export interface RequestHead {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
}

/** What an SDK makes of a request. */
interface BuiltRequest {
  readonly url: string
  readonly req: { readonly headers: Headers }
}

/**
 * The heads of requests that an SDK has built. An SDK takes 50 µs to build one, and it is the same for each request to a path,
 * until a header of the operator changes.
 */
export class RequestHeads {
  readonly #heads = new Map<string, { readonly sent: string; readonly head: RequestHead }>()

  /**
   * @param headers sent beside those of the SDK
   * @param build lets the SDK build a request with the header `content-type` of JSON
   */
  async of(path: string, headers: object, build: () => Promise<BuiltRequest>): Promise<RequestHead> {
    const sent = JSON.stringify(headers)
    const known = this.#heads.get(path)
    if (known?.sent === sent) return known.head
    const { url, req } = await build()
    const head = { url: new URL(url), headers: Object.fromEntries(req.headers) }
    this.#heads.set(path, { sent, head })
    return head
  }
}
