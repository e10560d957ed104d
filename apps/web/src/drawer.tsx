import { type ReactNode, useEffect, useRef, useState } from 'react'

/** A column at the side of a wide page. On a narrow page it is hidden, and a button opens it above the page. */
export function Drawer({ label, children }: { label: string; children: ReactNode }) {
  const [isOpen, setOpen] = useState(false)
  const button = useRef<HTMLButtonElement>(null)
  useEffect(() => {
    if (!isOpen) return
    const close = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return
      setOpen(false)
      button.current?.focus()
    }
    // A link in the drawer leads to another place of this page.
    const leave = () => setOpen(false)
    window.addEventListener('keydown', close)
    window.addEventListener('hashchange', leave)
    return () => {
      window.removeEventListener('keydown', close)
      window.removeEventListener('hashchange', leave)
    }
  }, [isOpen])
  return (
    <>
      <button
        ref={button}
        type="button"
        className="drawer-button"
        aria-expanded={isOpen}
        aria-controls="drawer"
        onClick={() => setOpen(!isOpen)}
      >
        {isOpen ? 'Close' : label}
      </button>
      {isOpen && <div className="drawer-shade" aria-hidden="true" onClick={() => setOpen(false)} />}
      <header id="drawer" className={isOpen ? 'drawer open' : 'drawer'}>
        {children}
      </header>
    </>
  )
}
