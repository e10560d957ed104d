import type { ModelNaming, Vendor, VendorSettings } from '@promptlab/providers'

/** A row of the table of vendors, or one that the operator describes, with its settings. */
export interface ConfiguredVendor {
  readonly vendor: Vendor
  readonly settings: VendorSettings
  /** Which names of models jobs may use. */
  readonly naming: ModelNaming
}
