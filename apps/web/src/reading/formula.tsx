import { memo, useMemo } from 'react'
import { LazyModule, useLazyModule } from './lazy-module.ts'
import type { MathToken } from './math-syntax.ts'

const mathematics = new LazyModule(() => import('./mathml.tsx'))

/** A formula. Until its end has come and the library is there, and if it has a mistake, its source is shown. */
export const Formula = memo(({ token }: { token: MathToken }) => {
  const { tex, isDisplay, isClosed, raw } = token
  const module = useLazyModule(mathematics, isClosed)
  const formula = useMemo(() => module?.mathmlOf(tex, isDisplay), [module, tex, isDisplay])
  if (!formula) return <code className={isDisplay ? 'formula-source display' : 'formula-source'}>{raw.trim()}</code>
  if (!isDisplay) return formula
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll long formulas
    // biome-ignore lint/a11y/useSemanticElements: it is no set of fields
    <span className="formula" role="group" aria-label="Formula" tabIndex={0}>
      {formula}
    </span>
  )
})
