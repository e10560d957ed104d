import { useEffect, useRef, useState } from 'react'
import type { Draft } from './draft.ts'
import type { Fault } from './fault.ts'
import { EMPTY_OPTIONS } from './option-fields.ts'

const NONE: readonly Fault[] = []

interface ShownFaults {
  /** The faults of the draft, and those that the server found in it. */
  readonly faults: readonly Fault[]
  /** Whether a draft without a prompt was to be sent. */
  readonly isBlank: boolean
  readonly setIsBlank: (isBlank: boolean) => void
  /** Leads the user to the first of these faults. */
  readonly tell: (faults: readonly Fault[]) => void
}

/**
 * Which faults are shown. Those of the server are over when the draft is changed.
 * @param found what is wrong with the draft itself
 * @param refused what the server refused of it
 * @param openOption opens the options at the one that has a fault
 */
export function useShownFaults(
  form: { readonly current: HTMLFormElement | null },
  { prompt, attachments, options, choices }: Draft,
  found: readonly Fault[],
  refused: readonly Fault[] = NONE,
  openOption: (fault: Fault) => void,
): ShownFaults {
  const chosen = JSON.stringify(choices)
  const [over, setOver] = useState<readonly Fault[]>(NONE)
  const [isBlank, setIsBlank] = useState(false)
  const [told, setTold] = useState(0)
  const latest = useRef({ refused, openOption })
  latest.current = { refused, openOption }
  const tell = (faults: readonly Fault[]) => {
    const option = faults.find(({ field }) => field in EMPTY_OPTIONS)
    if (option) latest.current.openOption(option)
    setTold((count) => count + 1)
  }
  const telling = useRef(tell)
  telling.current = tell
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was wrong is over when the draft changes
  useEffect(() => {
    setOver(latest.current.refused)
    setIsBlank(false)
  }, [prompt, attachments, options, chosen])
  useEffect(() => {
    if (refused.length > 0) telling.current(refused)
  }, [refused])
  useEffect(() => {
    if (told > 0) form.current?.querySelector<HTMLElement>('[aria-invalid="true"], .attachment.wrong button')?.focus()
  }, [told, form])
  return { faults: refused === over ? found : [...found, ...refused], isBlank, setIsBlank, tell }
}
