import { type KeyboardEvent, type SubmitEvent, useId, useRef, useState } from 'react'
import { CopyButton } from '../reading/copy-button.tsx'
import { prettyJson } from '../reading/pretty-json.ts'

/** A complete tool call of an answer. */
export interface AnsweredCall {
  readonly callId: string
  readonly name: string
  /** JSON text, as the model sent it. */
  readonly arguments: string
}

/** The result of a tool call. */
export interface CallResult {
  readonly callId: string
  readonly content: string
}

interface ToolResultsProps {
  /** The calls of an answer that has ended, all of them complete. */
  calls: readonly AnsweredCall[]
  /** Sends the results. A rejection is shown by its message, and the results may be sent again. */
  onSend: (results: readonly CallResult[]) => Promise<void>
}

/** A form with a card for each tool call of an answer, with a field for its result. */
export function ToolResults({ calls, onSend }: ToolResultsProps) {
  const id = useId()
  const form = useRef<HTMLFormElement>(null)
  const [typed, setTyped] = useState<Readonly<Record<string, string>>>({})
  const [isTold, setIsTold] = useState(false)
  const [isSending, setIsSending] = useState(false)
  const [fault, setFault] = useState<string>()
  const isMissing = ({ callId }: AnsweredCall) => (typed[callId] ?? '') === ''

  const submit = async (event: SubmitEvent) => {
    event.preventDefault()
    const missing = calls.findIndex(isMissing)
    setIsTold(missing >= 0)
    if (missing >= 0) return form.current?.querySelectorAll('textarea')[missing]?.focus()
    setIsSending(true)
    setFault(undefined)
    try {
      await onSend(calls.map(({ callId }) => ({ callId, content: typed[callId] ?? '' })))
    } catch (error) {
      setFault(error instanceof Error ? error.message : String(error))
    } finally {
      setIsSending(false)
    }
  }
  const keyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    event.currentTarget.form?.requestSubmit()
  }

  return (
    <form
      ref={form}
      className="tool-results"
      aria-label="Results of tool calls"
      noValidate
      onSubmit={(event) => void submit(event)}
    >
      {calls.map((call, index) => {
        const { callId, name } = call
        const which = calls.length > 1 ? `${name}, call ${index + 1}` : name
        const isWrong = isTold && isMissing(call)
        const pretty = prettyJson(call.arguments)
        return (
          <fieldset key={callId} className="tool-result-card">
            <legend className="visually-hidden">{which}</legend>
            <div className="field-head">
              <code className="tool-name">{name}</code>
              <span className="field-actions">
                <CopyButton text={pretty} what={`arguments of ${which}`} />
              </span>
            </div>
            {pretty !== '' && pretty !== '{}' && (
              // biome-ignore lint/a11y/noNoninteractiveTabindex: keyboard users must be able to scroll long arguments
              <pre tabIndex={0}>
                <code>{pretty}</code>
              </pre>
            )}
            <div className="field">
              <label className="field-head" htmlFor={`${id}-${index}`}>
                Result of {which}
              </label>
              <textarea
                id={`${id}-${index}`}
                className="code"
                rows={2}
                spellCheck={false}
                placeholder="What the tool answers: text or JSON"
                value={typed[callId] ?? ''}
                aria-invalid={isWrong}
                aria-describedby={isWrong ? `${id}-${index}-fault` : undefined}
                onChange={({ target }) => setTyped({ ...typed, [callId]: target.value })}
                onKeyDown={keyDown}
              />
              {isWrong && (
                <p id={`${id}-${index}-fault`} className="field-faults">
                  Type the result of this call. The model waits for each of them.
                </p>
              )}
            </div>
          </fieldset>
        )
      })}
      <div className="actions">
        {fault !== undefined && (
          <p role="alert" className="field-faults">
            {fault}
          </p>
        )}
        <button type="submit" className="primary" disabled={isSending}>
          Send results
        </button>
      </div>
    </form>
  )
}
