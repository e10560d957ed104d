import { type MouseEvent, memo, type ReactNode, useLayoutEffect, useRef, useState } from 'react'
import { type AnswerPart, partMs } from './answer-parts.ts'
import { Markdown } from './markdown.tsx'
import { isOver, type PaneView, seconds } from './pane-view.ts'
import { prettyJson } from './pretty-json.ts'

/** The answer, part by part. The view follows the end of the growing answer unless the reader has scrolled up. */
export function Answer({ view, name }: { view: PaneView; name: string }) {
  const { parts } = view
  const isGrowing = !isOver(view)
  const box = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  useLayoutEffect(() => {
    if (parts.length > 0 && box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight
  }, [parts])
  return (
    <section
      ref={box}
      className="text"
      aria-label={`Answer of ${name}`}
      aria-busy={isGrowing}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll the text
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40
      }}
    >
      {parts.map((part, index) => {
        const isLast = index === parts.length - 1
        return (
          <Part
            // biome-ignore lint/suspicious/noArrayIndexKey: an answer only grows at its end
            key={index}
            part={part}
            isLast={isLast}
            isGrowing={isGrowing && isLast}
            spentMs={partMs(parts, index)}
          />
        )
      })}
      {isGrowing && parts.length === 0 && <span className="caret" aria-hidden="true" />}
    </section>
  )
}

interface PartProps {
  part: AnswerPart
  isLast: boolean
  isGrowing: boolean
  spentMs: number | undefined
}

const Part = memo(({ part, isLast, isGrowing, spentMs }: PartProps): ReactNode => {
  switch (part.type) {
    case 'text':
      return <Markdown text={part.text} />
    case 'reasoning':
      return <Reasoning text={part.text} isOpenAtFirst={isLast} isGrowing={isGrowing} spentMs={spentMs} />
    case 'refusal':
      return (
        <div className="refusal">
          <p className="part-title">Refusal</p>
          <Markdown text={part.text} />
        </div>
      )
    case 'tool-call':
      return <ToolCall call={part} isGrowing={isGrowing} />
  }
})

interface ReasoningProps {
  text: string
  /** Whether it is open until the reader says otherwise. */
  isOpenAtFirst: boolean
  isGrowing: boolean
  spentMs: number | undefined
}

/** The reasoning. It is open while nothing has come behind it, and then folded. */
function Reasoning({ text, isOpenAtFirst, isGrowing, spentMs }: ReasoningProps) {
  const [choice, setChoice] = useState<boolean>()
  const isOpen = choice ?? isOpenAtFirst
  const toggle = (event: MouseEvent) => {
    event.preventDefault()
    setChoice(!isOpen)
  }
  return (
    <details className="reasoning" open={isOpen}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: a summary is a button */}
      <summary onClick={toggle}>
        Reasoning{isGrowing && ' …'}
        {spentMs !== undefined && ` · ${seconds(spentMs)}`}
      </summary>
      <div className="reasoning-text">
        <Markdown text={text} />
      </div>
    </details>
  )
}

interface ToolCallProps {
  call: Extract<AnswerPart, { type: 'tool-call' }>
  isGrowing: boolean
}

function ToolCall({ call, isGrowing }: ToolCallProps) {
  const isCut = !call.isComplete && !isGrowing
  return (
    <div className="tool-call">
      <p className="part-title">
        <code>{call.name}</code>
        <span className="part-kind">{isCut ? 'tool call, cut off' : 'tool call'}</span>
      </p>
      {call.arguments !== '' && (
        <pre>
          <code>{call.isComplete ? prettyJson(call.arguments) : call.arguments}</code>
        </pre>
      )}
    </div>
  )
}
