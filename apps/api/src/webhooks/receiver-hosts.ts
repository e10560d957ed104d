import { canonicalAddress, isPublicAddress } from './public-address.ts'

/** Names that lead to this machine wherever they are looked up. */
const OWN_NAME = /(?:^|\.)localhost$/

/**
 * The hosts to which news of callers may be sent, from `WEBHOOK_HOSTS`: names, addresses, `*.example.com` for all names below
 * one, and `*` for all. An address that is not of the public internet is taken only if the list has this very address.
 */
export class ReceiverHosts {
  readonly #names: ReadonlySet<string>
  readonly #addresses: ReadonlySet<string>
  /** Endings of names, such as `.example.com`. */
  readonly #endings: readonly string[]
  readonly #takesAll: boolean

  /** @param entries in lower case, IPv6 with or without brackets */
  constructor(entries: readonly string[]) {
    const hosts = entries.map(withoutBrackets)
    const named = hosts.filter((host) => !host.startsWith('*'))
    this.#addresses = new Set(named.flatMap((host) => canonicalAddress(host) ?? []))
    this.#names = new Set(named.filter((host) => canonicalAddress(host) === undefined))
    this.#endings = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(1))
    this.#takesAll = hosts.includes('*')
  }

  /** Whether any news of callers is sent. */
  get takesSome(): boolean {
    return this.#takesAll || this.#names.size + this.#addresses.size + this.#endings.length > 0
  }

  /** Why no news is sent to a URL, as a sentence without its full stop. The addresses of its host are not looked up for that. */
  refusalOf(text: string): string | undefined {
    if (!this.takesSome) return 'This server sends no news to callers: its operator has to set WEBHOOK_HOSTS'
    const url = URL.parse(text)
    if (!url || !/^https?:$/.test(url.protocol)) return 'Must be an address that begins with https://'
    if (url.username !== '' || url.password !== '') return 'Must have no user name and no password'
    const host = hostOf(url)
    if (!this.hasHost(host)) return `The operator of this server does not allow the host ${host}`
    if (url.protocol === 'http:' && !this.names(host)) return 'Must begin with https://'
    const isInside = canonicalAddress(host) === undefined ? OWN_NAME.test(host) : !this.hasAddress(host)
    if (isInside && !this.names(host)) return `${host} is not an address of the public internet`
    return undefined
  }

  /** Whether the list has this very host, not only a pattern for it. */
  names(host: string): boolean {
    const address = canonicalAddress(host)
    return address === undefined ? this.#names.has(host) : this.#addresses.has(address)
  }

  /** @param host a name or an address, see `hostOf` */
  hasHost(host: string): boolean {
    if (this.names(host) || this.#takesAll) return true
    return canonicalAddress(host) === undefined && this.#endings.some((ending) => host.endsWith(ending))
  }

  /** Whether a connection may go to an address that a host has. */
  hasAddress(address: string): boolean {
    const canonical = canonicalAddress(address)
    return canonical !== undefined && (this.#addresses.has(canonical) || isPublicAddress(canonical))
  }
}

/** The host of a URL as it is looked up: without the brackets of IPv6, and without the dot at the end of a full name. */
export function hostOf({ hostname }: URL): string {
  return withoutBrackets(hostname).replace(/\.$/, '')
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}
