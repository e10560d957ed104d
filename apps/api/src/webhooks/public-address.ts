import ipaddr from 'ipaddr.js'

/** All addresses that the internet routes to one host begin so. Beside them are old and special forms, some of which lead inside. */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3')
/** The prefix of NAT64 that everybody shares. Behind others, networks choose what is carried, and where. */
const NAT64 = ipaddr.IPv6.parseCIDR('64:ff9b::/96')

/**
 * An address in its shortest form, so that equal addresses are equal texts. IPv4 in the form of IPv6 becomes IPv4. Undefined if
 * it is no address.
 * @param address as the URL standard writes it, without brackets
 */
export function canonicalAddress(address: string): string | undefined {
  return parse(address)?.toString()
}

/**
 * Whether an address is one of the public internet. An address that carries one of IPv4, as NAT64 and 6to4 do, is if that one
 * is. Nothing else is: private, loopback, link-local, shared, reserved, multicast.
 */
export function isPublicAddress(address: string): boolean {
  const parsed = parse(address)
  if (!parsed) return false
  if (parsed instanceof ipaddr.IPv4) return parsed.range() === 'unicast'
  const carried = carriedAddress(parsed)
  if (carried) return carried.range() === 'unicast'
  return parsed.range() === 'unicast' && parsed.match(GLOBAL_UNICAST)
}

function parse(address: string): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  // Not isValid alone: it takes `127.1` and octal numbers, which only a URL may have, and URLs write them out.
  if (!ipaddr.IPv4.isValidFourPartDecimal(address) && !ipaddr.IPv6.isValid(address)) return undefined
  return ipaddr.process(address)
}

/** The IPv4 address to which a gateway passes what is sent to this one. */
function carriedAddress(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const bytes = address.toByteArray()
  if (address.match(NAT64)) return new ipaddr.IPv4(bytes.slice(12))
  return address.range() === '6to4' ? new ipaddr.IPv4(bytes.slice(2, 6)) : undefined
}
