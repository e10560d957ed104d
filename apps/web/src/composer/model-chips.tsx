import type { ProviderInfo } from '@promptlab/client'
import { useRef, useState } from 'react'
import { type Choice, MAX_CHOICES } from './draft.ts'
import { CloseIcon } from './icons.tsx'
import { ModelPicker } from './model-picker.tsx'

interface ModelChipsProps {
  /** What one of the models is called, such as `Model`. */
  word: string
  choices: readonly Choice[]
  providers: readonly ProviderInfo[]
  /** Whether the last one may be removed, too. */
  mayBeEmpty?: boolean
  max?: number
  onChange: (choices: readonly Choice[]) => void
}

/** The chosen models, each a button that opens the picker, and a button for one more. */
export function ModelChips({
  word,
  choices,
  providers,
  mayBeEmpty = false,
  max = MAX_CHOICES,
  onChange,
}: ModelChipsProps) {
  const [picking, setPicking] = useState<number>()
  const buttons = useRef<(HTMLButtonElement | null)[]>([])
  const choose = (picked: Choice) => {
    const index = picking ?? choices.length
    const own = choices[index]?.own
    onChange(choices.toSpliced(index, 1, own ? { ...picked, own } : picked))
  }
  const remove = (index: number) => {
    onChange(choices.toSpliced(index, 1))
    // The button that had the focus is gone.
    buttons.current[index > 0 ? index - 1 : choices.length]?.focus()
  }
  return (
    <>
      {choices.map((choice, index) => {
        const { provider, model, own } = choice
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a chip is the same chip whichever model is chosen in it
          <span className="chip" key={index}>
            <button
              type="button"
              ref={(button) => {
                buttons.current[index] = button
              }}
              aria-haspopup="dialog"
              title={`${provider} · ${model}`}
              onClick={() => setPicking(index)}
            >
              <span className="visually-hidden">
                {word} {index + 1}:{' '}
              </span>
              <span className="chip-name">{model}</span>{' '}
              {model !== provider && <span className="chip-provider">{provider}</span>}{' '}
              {own && <span className="chip-own">own options</span>}
            </button>
            {(choices.length > 1 || mayBeEmpty) && (
              <button
                type="button"
                className="chip-remove"
                aria-label={`Remove ${word.toLowerCase()} ${index + 1}, ${model}`}
                onClick={() => remove(index)}
              >
                <CloseIcon />
              </button>
            )}
          </span>
        )
      })}
      {providers.length > 0 && choices.length < max && (
        <button
          type="button"
          className="quiet chip-add"
          ref={(button) => {
            buttons.current[choices.length] = button
          }}
          aria-haspopup="dialog"
          onClick={() => setPicking(choices.length)}
        >
          + Add {word.toLowerCase()}
        </button>
      )}
      {picking !== undefined && (
        <ModelPicker
          title={choices[picking] ? `${word} ${picking + 1}` : `Add a ${word.toLowerCase()}`}
          providers={providers}
          chosen={choices[picking] ?? choices.at(-1)}
          onChoose={choose}
          onClose={() => {
            setPicking(undefined)
            // A model that was added, or else the button that opened the dialog.
            buttons.current[picking]?.focus()
          }}
        />
      )}
    </>
  )
}
