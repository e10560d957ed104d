import type { Token } from 'marked'
import { memo, useEffect, useReducer, useState } from 'react'
import { Blocks } from './blocks.tsx'
import { EMPTY_MARKDOWN, parseFurther } from './growing-markdown.ts'

/** How long the page rests after it parsed a text: this many times as long as the parsing took, and not at all below a millisecond. */
const REST = 20

interface MarkdownProps {
  text: string
  /** Whether more text will come. */
  isGrowing?: boolean
}

interface Parsed {
  readonly text: string
  readonly markdown: typeof EMPTY_MARKDOWN
  /** The time before which a growing text is not parsed again, on the clock of `performance.now()`. */
  readonly restsUntil: number
}

/**
 * Renders Markdown. While the text grows, its settled blocks are neither parsed nor rendered again. A block that takes long to parse,
 * such as a list of a thousand items, is shown in steps, so that the page stays responsive.
 */
export const Markdown = memo(({ text, isGrowing = false }: MarkdownProps) => {
  const [parsed, setParsed] = useState<Parsed>({ text: '', markdown: EMPTY_MARKDOWN, restsUntil: 0 })
  const [wakes, awake] = useReducer((count: number) => count + 1, 0)
  let { markdown, restsUntil } = parsed
  const now = performance.now()
  const isResting = isGrowing && now < restsUntil
  if (parsed.text !== text && !isResting) {
    markdown = parseFurther(markdown, text)
    const tookMs = performance.now() - now
    restsUntil = tookMs < 1 ? 0 : now + REST * tookMs
    setParsed({ text, markdown, restsUntil })
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies(wakes): a timer may end a little early, and then the rest goes on
  useEffect(() => {
    if (!isResting) return
    const timer = setTimeout(awake, Math.ceil(restsUntil - performance.now()))
    return () => clearTimeout(timer)
  }, [isResting, restsUntil, wakes])
  return (
    <div className="reading" data-growing={isGrowing || undefined}>
      {markdown.pages.map((tokens, index) => (
        // Text only grows at its end, so the index of a page is its identity.
        // biome-ignore lint/suspicious/noArrayIndexKey: see above
        <Page key={index} tokens={tokens} />
      ))}
    </div>
  )
})

const Page = memo(({ tokens }: { tokens: readonly Token[] }) => (
  <div className="reading-page">
    <Blocks tokens={tokens} />
  </div>
))
