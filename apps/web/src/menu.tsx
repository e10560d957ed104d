import { type FocusEvent, type KeyboardEvent, useRef, useState } from 'react'

export interface MenuItem {
  readonly label: string
  readonly onChoose: () => void
}

/** A button that opens a list of actions. Arrow keys move in the list; Escape closes it. */
export function Menu({ label, items }: { label: string; items: readonly MenuItem[] }) {
  const [isOpen, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  const list = useRef<HTMLDivElement>(null)
  const [isBelow, setBelow] = useState(false)
  const toggle = () => {
    setBelow((button.current?.getBoundingClientRect().top ?? 0) < window.innerHeight / 2)
    setOpen(!isOpen)
  }
  const close = () => {
    setOpen(false)
    button.current?.focus()
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === 'Escape') close()
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const entries = [...(list.current?.querySelectorAll('button') ?? [])]
    const focused = entries.findIndex((entry) => entry.matches(':focus'))
    entries.at((focused + step) % entries.length)?.focus()
  }
  const leave = ({ currentTarget, relatedTarget }: FocusEvent) => {
    if (!currentTarget.contains(relatedTarget)) setOpen(false)
  }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the buttons inside
    <div className="menu" onKeyDown={press} onBlur={leave}>
      <button ref={button} type="button" className="quiet" aria-haspopup="menu" aria-expanded={isOpen} onClick={toggle}>
        {label}
      </button>
      {isOpen && (
        <div ref={list} className={isBelow ? 'menu-list below' : 'menu-list'} role="menu" aria-label={label}>
          {items.map((item) => (
            <button
              key={item.label}
              type="button"
              role="menuitem"
              onClick={() => {
                close()
                item.onChoose()
              }}
            >
              {item.label}
            </button>
          ))}
        </div>
      )}
    </div>
  )
}
