import { promises as dns, type LookupAddress } from 'node:dns'
import { isIP } from 'node:net'

/** Finds all addresses of a host. */
export type LookUp = (host: string, signal: AbortSignal) => Promise<readonly LookupAddress[]>

/** How long one question to a name server may take, in milliseconds, and how often it is asked. */
const QUESTION = { timeout: 3_000, tries: 2 }

/** Looks a name up as the system does, with its own files. It takes a thread, of which there are few: for names of operators only. */
export const lookUpAsSystem: LookUp = async (host) => await dns.lookup(host, { all: true })

/** Asks the name servers of the system. A name whose servers are silent holds nothing up: it is for names of callers. */
export const lookUpInDns: LookUp = async (host, signal) => {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  const resolver = new dns.Resolver(QUESTION)
  const cancel = () => resolver.cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    const [four, six] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    if (four.status === 'rejected' && six.status === 'rejected') throw four.reason
    return [
      ...addressesOf(four).map((address) => ({ address, family: 4 })),
      ...addressesOf(six).map((address) => ({ address, family: 6 })),
    ]
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

function addressesOf(answer: PromiseSettledResult<string[]>): string[] {
  return answer.status === 'fulfilled' ? answer.value : []
}
