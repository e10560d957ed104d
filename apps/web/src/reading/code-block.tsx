import { memo, useState } from 'react'
import { CopyButton } from './copy-button.tsx'
import { EMPTY_CODE, type HighlightedLine, highlightFurther } from './growing-code.ts'
import { languageNamed } from './language-names.ts'
import { LazyModule, useLazyModule } from './lazy-module.ts'

const highlighting = new LazyModule(() => import('./highlighting/highlighter.ts'))

interface CodeBlockProps {
  code: string
  /** The language as a fence names it, such as `ts`. An unknown language is not highlighted. */
  language: string
  /** What the bar above the code says; the name of the language by default. */
  label?: string
}

/** Code with a bar above it: its language, a switch that wraps long lines, and a copy button. The code may grow at its end. */
export function CodeBlock({ code, language, label }: CodeBlockProps) {
  const known = languageNamed(language)
  const module = useLazyModule(highlighting, known !== undefined)
  const highlighter = known && module?.highlighterOf(known.id)
  const [parsed, setParsed] = useState(EMPTY_CODE)
  const [isWrapped, setIsWrapped] = useState(false)
  const lines = highlightFurther(parsed, code, highlighter)
  if (lines !== parsed) setParsed(lines)
  const title = label ?? known?.name ?? (language || 'Text')
  return (
    <div className="code-block">
      <div className="code-bar">
        <span>{title}</span>
        <button type="button" className="quiet" aria-pressed={isWrapped} onClick={() => setIsWrapped(!isWrapped)}>
          Wrap<span className="visually-hidden"> lines</span>
        </button>
        <CopyButton text={code} what={`code, ${title}`} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll long lines */}
      <pre dir="ltr" tabIndex={0} data-wrapped={isWrapped || undefined}>
        <code>
          {lines.groups.map((group, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only added at the end
            <LineGroup key={index} lines={group} />
          ))}
        </code>
      </pre>
    </div>
  )
}

const LineGroup = memo(({ lines }: { lines: readonly HighlightedLine[] }) => (
  <span className="lines">
    {lines.map((line, index) => (
      // biome-ignore lint/suspicious/noArrayIndexKey: lines are only added at the end
      <Line key={index} line={line} />
    ))}
  </span>
))

const Line = memo(({ line }: { line: HighlightedLine }) =>
  line.map(({ text, kind }, index) =>
    kind === undefined ? (
      text
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: a line is highlighted from its beginning
      <span key={index} className={`code-${kind}`}>
        {text}
      </span>
    ),
  ),
)
