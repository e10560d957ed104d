import { isIP } from 'node:net'

export interface TrustedHostsOptions {
  /** The address that the server listens on. */
  readonly listenHost: string
  /** More names by which the server may be called, in lower case, with or without a port. */
  readonly allowedHosts: readonly string[]
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * The names by which a server without keys may be called. A web site can let its own name point to this machine (DNS
 * rebinding), and browsers would then take the pages of the site for pages of this server. Names that no site can have are
 * safe: the names of this machine and, if other machines may call anyway, addresses.
 */
export class TrustedHosts {
  readonly #allowed: ReadonlySet<string>
  readonly #trustsAddresses: boolean

  constructor({ listenHost, allowedHosts }: TrustedHostsOptions) {
    const own = listenHost.toLowerCase()
    this.#allowed = new Set([own, ...allowedHosts])
    this.#trustsAddresses = !LOOPBACK.test(own) && own !== '::1'
  }

  /** @param host the value of a Host header. Undefined is trusted: only clients of HTTP/1.0 send none, and those are no browsers. */
  trusts(host: string | undefined): boolean {
    if (host === undefined) return true
    const whole = host.trim().toLowerCase()
    const name = nameOf(whole)
    if (LOOPBACK.test(name) || this.#allowed.has(name) || this.#allowed.has(whole)) return true
    return this.#trustsAddresses && isIP(name.replace(/^\[|\]$/g, '')) !== 0
  }
}

/** The name in a Host header, without the port. */
export function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').replace(/\.$/, '')
}
