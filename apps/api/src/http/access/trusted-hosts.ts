import { isIP } from 'node:net'

export interface TrustedHostsOptions {
  /** The address that the server listens on. */
  readonly listenHost: string
  /** Further names by which the server may be called, in lower case, with or without a port. */
  readonly allowedHosts: readonly string[]
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

/**
 * The names by which a server without keys may be called. Any web site can have its own name point to this machine (DNS
 * rebinding), and its pages would then count as the server's own. A page cannot choose the name that it is reached by, so names
 * that no site can have are safe: those of this machine, and, if other machines may call anyway, addresses.
 */
export class TrustedHosts {
  readonly #allowed: ReadonlySet<string>
  readonly #trustsAddresses: boolean

  constructor({ listenHost, allowedHosts }: TrustedHostsOptions) {
    const own = listenHost.toLowerCase()
    this.#allowed = new Set([own, ...allowedHosts])
    this.#trustsAddresses = !LOOPBACK.test(own) && own !== '::1'
  }

  /** @param host the value of a Host header; a client of HTTP/1.0 that sends none is no browser */
  trusts(host: string | undefined): boolean {
    if (host === undefined) return true
    const whole = host.trim().toLowerCase()
    const name = nameOf(whole)
    if (LOOPBACK.test(name) || this.#allowed.has(name) || this.#allowed.has(whole)) return true
    return this.#trustsAddresses && isIP(name.replace(/^\[|\]$/g, '')) !== 0
  }
}

/** Without the port. */
export function nameOf(host: string): string {
  return host.replace(/:\d*$/, '').replace(/\.$/, '')
}
