import type { ProviderInfo } from '@promptlab/client'
import { GridEditor } from './grid-editor.tsx'
import { GridResults } from './grid-results.tsx'

interface GridPageProps {
  /** The grid; undefined: a new one is written. */
  id: string | undefined
  providers: readonly ProviderInfo[]
  /** Called with a sentence for screen readers. */
  onNews: (news: string) => void
}

/** A grid of prompts and models: written, or with its answers. */
export function GridPage({ id, providers, onNews }: GridPageProps) {
  if (id === undefined) return <GridEditor providers={providers} onNews={onNews} />
  return <GridResults key={id} id={id} providers={providers} onNews={onNews} />
}
