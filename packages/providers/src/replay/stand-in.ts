import type { Vendor, VendorSettings } from '../vendor.ts'
import { ReplayProvider } from './replay-provider.ts'

/**
 * A vendor that plays fixtures under the name of another one, and takes what that one takes. It has no address, needs no key, and
 * costs nothing.
 * @param settings of the vendor that is replaced
 */
export function standIn({ name, create }: Vendor, settings: VendorSettings): Vendor {
  const standsFor = create(settings)
  return {
    name,
    models: {},
    create: ({ replay, onNotice }) =>
      new ReplayProvider({ name, folder: undefined, speed: 1, ...replay, onNotice, standsFor }),
  }
}
