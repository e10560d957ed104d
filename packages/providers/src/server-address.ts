import { BlockList, isIP } from 'node:net'

/** Whether the server at this address is one of OpenAI's or of Azure OpenAI. */
export function isOpenAIAddress(baseUrl: string): boolean {
  return /(?:^|\.)openai\.(?:com|azure\.com)$/.test(new URL(baseUrl).hostname)
}

/** Whether the server at this address is OpenAI's own. Azure has other lists of models, and other APIs. */
export function isOpenAIItself(baseUrl: string): boolean {
  return /(?:^|\.)openai\.com$/.test(new URL(baseUrl).hostname)
}

/** The addresses of this machine and of private networks (RFC 1918, 4193, 6598), and of no network. */
const PRIVATE = new BlockList()
PRIVATE.addSubnet('0.0.0.0', 8)
PRIVATE.addSubnet('10.0.0.0', 8)
PRIVATE.addSubnet('100.64.0.0', 10)
PRIVATE.addSubnet('127.0.0.0', 8)
PRIVATE.addSubnet('169.254.0.0', 16)
PRIVATE.addSubnet('172.16.0.0', 12)
PRIVATE.addSubnet('192.168.0.0', 16)
PRIVATE.addSubnet('::', 127, 'ipv6')
PRIVATE.addSubnet('fc00::', 7, 'ipv6')
PRIVATE.addSubnet('fe80::', 10, 'ipv6')

const PRIVATE_NAME = /^[^.]+\.?$|\.(?:localhost|local|internal|intranet|lan|home|corp|home\.arpa)\.?$/i

/**
 * Whether a server at this address is on this machine or in a private network, as far as the address says it. Such a
 * server must not fetch addresses that a caller gives it: they could lead into that network.
 */
export function isPrivateAddress(baseUrl: string): boolean {
  const host = new URL(baseUrl).hostname.replace(/^\[|\]$/g, '')
  const family = isIP(host)
  if (family === 0) return PRIVATE_NAME.test(host)
  return PRIVATE.check(host, family === 6 ? 'ipv6' : 'ipv4')
}
