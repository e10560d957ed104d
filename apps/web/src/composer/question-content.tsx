import type { ContentPart, Message, ShownMessage, ShownPart } from '@promptlab/client'
import { useId, useLayoutEffect, useRef, useState } from 'react'
import { QuestionPart } from './question-part.tsx'

interface QuestionContentProps {
  /** The job whose question it is; undefined as long as it is being created. */
  jobId: string | undefined
  /** Shown if there are no messages. */
  prompt?: string | undefined
  messages?: readonly (ShownMessage | Message)[] | undefined
}

type Part = ShownPart | ContentPart

const ROLES = { system: 'System', user: 'User', assistant: 'Assistant', tool: 'Tool result' } as const

/** What a job was asked, as it was written. A long question is folded, with a button that shows all of it. */
export function QuestionContent({ jobId, prompt = '', messages }: QuestionContentProps) {
  const id = useId()
  const box = useRef<HTMLDivElement>(null)
  const [isOpen, setIsOpen] = useState(false)
  const isLong = useIsCut(box, isOpen)
  const shown = messages ?? [{ role: 'user', content: prompt } as const]
  const hasRoles = shown.length > 1 || shown.some(({ role }) => role !== 'user')
  const names = toolNames(shown)
  return (
    <div className="question">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it only shows what has the focus in it */}
      <div
        ref={box}
        id={id}
        // What has the focus must be seen.
        onFocus={() => isLong && setIsOpen(true)}
        className={isOpen ? 'question-text' : `question-text folded${isLong ? ' cut' : ''}`}
      >
        {shown.map(({ role, content }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the messages of a job never change
          <div key={index} className="question-message">
            {hasRoles && <p className="question-role">{ROLES[role]}</p>}
            {partsOf(content).map((part, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a message never change
              <QuestionPart key={at} jobId={jobId} part={part} toolNames={names} />
            ))}
          </div>
        ))}
      </div>
      {(isLong || isOpen) && (
        <button
          type="button"
          className="quiet small"
          aria-expanded={isOpen}
          aria-controls={id}
          onClick={() => setIsOpen(!isOpen)}
        >
          {isOpen ? 'Show less' : 'Show all'}
        </button>
      )}
    </div>
  )
}

/** Whether the box, while it is folded, is too small for what is in it. */
function useIsCut(box: { readonly current: HTMLElement | null }, isOpen: boolean): boolean {
  const [isCut, setIsCut] = useState(false)
  useLayoutEffect(() => {
    const element = box.current
    if (isOpen || !element) return
    const measure = () => setIsCut(element.scrollHeight > element.clientHeight + 1)
    // Images have no size before they are loaded, and a narrower page makes more lines.
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    for (const child of element.children) observer.observe(child)
    measure()
    return () => observer.disconnect()
  }, [box, isOpen])
  return isCut
}

function partsOf(content: string | readonly Part[]): readonly Part[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content
}

/** The names of the tools by the ids of their calls, as far as the calls are among the messages. */
function toolNames(messages: readonly (ShownMessage | Message)[]): ReadonlyMap<string, string> {
  const parts = messages.flatMap(({ content }) => partsOf(content))
  return new Map(parts.flatMap((part) => (part.type === 'tool-call' ? [[part.callId, part.name]] : [])))
}
