import { type AnswerPart, isGoingOn, type JobView, partMs } from '@promptlab/react'
import { type MouseEvent, memo, type ReactNode, useState } from 'react'
import { CodeBlock } from '../reading/code-block.tsx'
import { Markdown } from '../reading/markdown.tsx'
import { prettyJson } from '../reading/pretty-json.ts'
import { seconds } from './figures.ts'

/** The answer, part by part. It grows with the page. */
export function Answer({ view, name }: { view: JobView; name: string }) {
  const { parts, phase } = view
  const isGrowing = isGoingOn(phase)
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset groups fields
    <div role="group" className="text" aria-label={`Answer of ${name}`} aria-busy={isGrowing}>
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
    </div>
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
      return <Markdown text={part.text} isGrowing={isGrowing} />
    case 'reasoning':
      return <Reasoning text={part.text} isOpenAtFirst={isLast} isGrowing={isGrowing} spentMs={spentMs} />
    case 'refusal':
      return (
        <div className="refusal">
          <p className="part-title">Refusal</p>
          <Markdown text={part.text} isGrowing={isGrowing} />
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
        <Markdown text={text} isGrowing={isGrowing} />
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
        <CodeBlock
          code={call.isComplete ? prettyJson(call.arguments) : call.arguments}
          language="json"
          label="Arguments"
        />
      )}
    </div>
  )
}
