import type { ProviderInfo } from '@promptlab/client'
import { type ReactNode, type SubmitEvent, useId, useRef, useState } from 'react'
import { AttachButtons } from './attach-buttons.tsx'
import { AttachmentList } from './attachment-list.tsx'
import type { Draft } from './draft.ts'
import { faultsOf } from './draft-faults.ts'
import type { Fault } from './fault.ts'
import { ModelChips } from './model-chips.tsx'
import { EMPTY_OPTIONS } from './option-fields.ts'
import { OptionsPanel } from './options-panel.tsx'
import { optionsSummary } from './options-summary.ts'
import { PromptField } from './prompt-field.tsx'
import { useAttachments } from './use-attachments.ts'
import { useShownFaults } from './use-shown-faults.ts'

interface ComposerProps {
  draft: Draft
  providers: readonly ProviderInfo[]
  isRunning: boolean
  onChange: (draft: Draft) => void
  /** Sends the draft. It is called for a draft without faults only. */
  onRun: () => void
  onStopAll: () => void
  /** What the server refused of the draft that was sent, a new list for each draft. It is shown until the draft is changed. */
  refused?: readonly Fault[]
  /** What the prompt goes to, such as the answer it replies to. */
  target?: ReactNode
  /** The word of the button that sends. */
  submitLabel?: string
}

/** The form for the prompt with its attachments, the models and the options. */
export function Composer(props: ComposerProps) {
  const { draft, providers, isRunning, onChange, onRun, onStopAll, refused, target, submitLabel = 'Run' } = props
  const panelId = useId()
  const form = useRef<HTMLFormElement>(null)
  const [isOpen, setIsOpen] = useState(false)
  const [scope, setScope] = useState<number>()
  const set = (change: Partial<Draft>) => onChange({ ...draft, ...change })
  const files = useAttachments(draft.attachments, (attachments) => set({ attachments }))
  const found = faultsOf(draft, providers)
  const { faults, isBlank, setIsBlank, tell } = useShownFaults(form, draft, found, refused, (option) => {
    setIsOpen(true)
    setScope(option.choice)
  })
  const summary = summaryOf(draft)
  const shownScope = scope !== undefined && scope < draft.choices.length ? scope : undefined

  const submit = (event: SubmitEvent) => {
    event.preventDefault()
    if (draft.choices.length === 0 || files.isReading) return
    const isNothing = draft.prompt.trim() === '' && draft.attachments.length === 0
    setIsBlank(isNothing)
    if (isNothing || found.length > 0) tell(found)
    else onRun()
  }

  return (
    <form
      ref={form}
      className={files.isDropTarget ? 'composer dropping' : 'composer'}
      aria-label="Composer"
      noValidate
      onSubmit={submit}
      {...files.handlers}
    >
      {target && <div className="composer-target">{target}</div>}
      {isOpen && (
        <OptionsPanel
          id={panelId}
          draft={draft}
          providers={providers}
          faults={faults}
          scope={shownScope}
          onScope={setScope}
          onChange={set}
        />
      )}
      <fieldset className="models">
        <legend className="visually-hidden">Models</legend>
        <ModelChips
          word="Model"
          choices={draft.choices}
          providers={providers}
          onChange={(choices) => set({ choices })}
        />
      </fieldset>
      <AttachmentList
        attachments={draft.attachments}
        faults={faults.filter(({ field }) => field === 'attachments')}
        onRemove={(attachment) => {
          files.remove(attachment)
          form.current?.querySelector<HTMLElement>('.prompt textarea')?.focus()
        }}
      />
      <PromptField
        value={draft.prompt}
        faults={[
          ...(isBlank ? ['Write a prompt first.'] : []),
          ...faults.filter(({ field }) => field === 'prompt').map(({ message }) => message),
        ]}
        onChange={(prompt) => set({ prompt })}
      />
      <Notices
        sentences={[
          ...files.refused,
          ...faults.filter(({ field }) => field === 'form' || field === 'choices').map(({ message }) => message),
        ]}
      />
      <div className="composer-bar">
        <div className="attach">
          <AttachButtons
            takesUrls={takesUrls(draft, providers)}
            onFiles={(chosen) => void files.add(chosen)}
            onAttach={files.attach}
          />
        </div>
        <div className="options-line">
          <button
            type="button"
            className="quiet"
            aria-expanded={isOpen}
            aria-controls={isOpen ? panelId : undefined}
            onClick={() => setIsOpen(!isOpen)}
          >
            Options
          </button>
          {summary !== '' && (
            <>
              <span className="options-summary" title={summary}>
                {summary}
              </span>
              <button
                type="button"
                className="quiet small"
                aria-label="Reset options"
                onClick={() =>
                  set({
                    options: EMPTY_OPTIONS,
                    choices: draft.choices.map(({ provider, model }) => ({ provider, model })),
                  })
                }
              >
                Reset
              </button>
            </>
          )}
        </div>
        <div className="actions">
          {isRunning && (
            <button type="button" onClick={onStopAll}>
              Stop all
            </button>
          )}
          <button type="submit" className="primary" disabled={draft.choices.length === 0 || files.isReading}>
            {submitLabel} <kbd>{SEND_KEYS}</kbd>
          </button>
        </div>
      </div>
      <p className="visually-hidden" aria-live="polite">
        {files.isReading ? 'Reading files …' : ''}
      </p>
      {files.isDropTarget && (
        <p className="drop-words" aria-hidden="true">
          Drop images and files to attach them
        </p>
      )}
    </form>
  )
}

const SEND_KEYS = /^(?:Mac|iP)/.test(navigator.platform) ? '⌘ ↵' : 'Ctrl ↵'

function Notices({ sentences }: { sentences: readonly string[] }) {
  if (sentences.length === 0) return null
  return (
    <div role="alert">
      <ul className="field-faults">
        {[...new Set(sentences)].map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </div>
  )
}

/** What is set, for all models and for those with their own options. */
function summaryOf({ options, choices }: Draft): string {
  const own = choices.filter((choice) => choice.own).map(({ model }) => `own options for ${model}`)
  return [optionsSummary(options), ...new Set(own)].filter(Boolean).join(' · ')
}

function takesUrls({ choices }: Draft, providers: readonly ProviderInfo[]): boolean {
  const asked = providers.filter(({ name }) => choices.some(({ provider }) => provider === name))
  return asked.length > 0 && asked.every(({ capabilities }) => capabilities.urls && capabilities.imageTypes.length > 0)
}
