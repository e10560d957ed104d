import type { Vendor, VendorSettings } from '@promptlab/providers'

/** A server of models that answers on this machine, and is not switched on. */
export interface LocalServer {
  readonly name: string
  /** The variable that switches it on. */
  readonly variable: string
  readonly url: string
  readonly modelCount: number
}

interface Candidate {
  readonly vendor: Vendor
  readonly settings: VendorSettings
}

/** How long a server may take to answer, in milliseconds. */
const TIMEOUT_MS = 300

/** Asks at the usual address of each local vendor that is not configured whether a server of it answers there. */
export async function findLocalServers(vendors: readonly Candidate[]): Promise<LocalServer[]> {
  const found = await Promise.all(vendors.map(findLocalServer))
  return found.filter((server) => server !== undefined)
}

async function findLocalServer({ vendor, settings }: Candidate): Promise<LocalServer | undefined> {
  const { name, usualUrl: url } = vendor
  const variable = vendor.baseUrl?.variable
  if (url === undefined || variable === undefined || settings.baseUrl !== undefined) return undefined
  try {
    const list = await vendor.create({ ...settings, baseUrl: url }).listModels?.(AbortSignal.timeout(TIMEOUT_MS))
    return list && { name, variable, url, modelCount: list.models.length }
  } catch {
    // Nothing listens there, or something else does.
    return undefined
  }
}
