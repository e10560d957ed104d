import type { StreamView } from '@promptlab/contract'
import { FULL_VIEW } from './full-view.ts'
import { TEXT_VIEW } from './text-view.ts'
import type { View } from './view.ts'

/** The views by their names in the API. */
export const VIEWS: Readonly<Record<StreamView, View>> = { text: TEXT_VIEW, full: FULL_VIEW }
