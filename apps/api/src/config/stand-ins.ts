import { standIn, type Vendor, type VendorSettings } from '@promptlab/providers'
import type { ConfiguredVendor } from './configured-vendor.ts'

/**
 * Replaces the vendors for which another one plays fixtures.
 * @param read the names in a variable
 * @returns `faults` names each wrong variable; then nothing is replaced
 */
export function withStandIns(
  vendors: readonly ConfiguredVendor[],
  read: (variable: string) => readonly string[],
): { vendors: ConfiguredVendor[]; faults: string[] } {
  const faults: string[] = []
  let all = [...vendors]
  for (const { vendor, settings } of vendors) {
    if (!vendor.replay) continue
    const { folder, standsFor } = vendor.replay
    const names = read(standsFor.variable)
    const others = vendors.flatMap(({ vendor: { name, replay } }) => (replay ? [] : name))
    const unknown = names.filter((name) => !others.includes(name))
    if (unknown.length > 0)
      faults.push(`${standsFor.variable}: There is no provider ${unknown.join(', ')}; there are ${others.join(', ')}`)
    else if (names.length > 0 && settings.replay?.folder === undefined)
      faults.push(`${standsFor.variable}: Has no effect without ${folder.variable}: set that too, or neither`)
    else if (names.length > 0)
      all = all.map((each) => withStandIn(each, { player: vendor, replay: settings.replay, names }))
  }
  return { vendors: all, faults }
}

interface Replayed {
  readonly player: Vendor
  readonly replay: VendorSettings['replay']
  /** The names of the vendors that are replaced. */
  readonly names: readonly string[]
}

/** No key and no address: nobody is called, and nothing is paid. */
function withStandIn(each: ConfiguredVendor, { player, replay, names }: Replayed): ConfiguredVendor {
  const { vendor, settings } = each
  const { name, delayMs } = settings
  if (vendor === player) return { ...each, settings: { ...settings, replay: replay && { ...replay, others: names } } }
  if (!names.includes(name)) return each
  return {
    vendor: standIn(vendor, settings),
    settings: { name, delayMs, apiKey: () => undefined, baseUrl: undefined, models: [], replay },
    naming: 'listed',
  }
}
