import { useEffect } from 'react'

/** How far from its end the page may be and still follow it, in CSS pixels. */
const NEAR = 120

/** Keeps the end of the page in view while something grows, until the reader scrolls up. */
export function useStickToEnd(isGrowing: boolean): void {
  useEffect(() => {
    if (!isGrowing) return
    const page = document.documentElement
    // Who asks, or opens an answer that grows, wants to see its end.
    let isAtEnd = true
    let height = page.scrollHeight
    const note = () => {
      // Growth alone moves the end away. Only a reader's scrolling counts.
      if (page.scrollHeight === height) isAtEnd = page.scrollHeight - page.scrollTop - page.clientHeight < NEAR
    }
    const grown = new ResizeObserver(() => {
      height = page.scrollHeight
      if (isAtEnd) page.scrollTop = height
    })
    grown.observe(document.body)
    window.addEventListener('scroll', note, { passive: true })
    return () => {
      grown.disconnect()
      window.removeEventListener('scroll', note)
    }
  }, [isGrowing])
}
