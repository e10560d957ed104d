import type { MarkedToken, Token } from 'marked'
import { Fragment, type ReactNode } from 'react'
import { Formula } from './formula.tsx'
import { isMath } from './math-syntax.ts'

/** The content of a paragraph, of a heading or of a cell. */
export function Inlines({ tokens }: { tokens: readonly Token[] }): ReactNode {
  const content: ReactNode[] = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]
    if (!token) continue
    const raised = raisedFrom(tokens, at)
    if (raised) {
      const { Element, end } = raised
      content.push(
        <Element key={at}>
          <Inlines tokens={tokens.slice(at + 1, end)} />
        </Element>,
      )
      at = end
    } else {
      content.push(
        <Fragment key={at}>{isMath(token) ? <Formula token={token} /> : inline(token as MarkedToken)}</Fragment>,
      )
    }
  }
  return content
}

/** `<sup>` or `<sub>` with its end. The end of another such element may not stand between. */
function raisedFrom(tokens: readonly Token[], at: number): { Element: 'sup' | 'sub'; end: number } | undefined {
  const name = /^<(sup|sub)>$/i.exec(tokens[at]?.raw ?? '')?.[1]?.toLowerCase()
  if (tokens[at]?.type !== 'html' || !name) return undefined
  const end = tokens.findIndex(({ type, raw }, index) => index > at && type === 'html' && /^<\/?su[pb]>$/i.test(raw))
  if (tokens[end]?.raw.toLowerCase() !== `</${name}>`) return undefined
  return { Element: name === 'sup' ? 'sup' : 'sub', end }
}

function inline(token: MarkedToken): ReactNode {
  switch (token.type) {
    case 'strong':
      return (
        <strong>
          <Inlines tokens={token.tokens} />
        </strong>
      )
    case 'em':
      return (
        <em>
          <Inlines tokens={token.tokens} />
        </em>
      )
    case 'del':
      return (
        <del>
          <Inlines tokens={token.tokens} />
        </del>
      )
    case 'codespan':
      return <code dir="ltr">{token.text}</code>
    case 'br':
      return <br />
    case 'html':
      // Models write line breaks in cells so, as Markdown has none there.
      return /^<br\s*\/?>$/i.test(token.raw) ? <br /> : token.raw
    case 'link':
      return link(token.href, <Inlines tokens={token.tokens} />)
    case 'image':
      // An image becomes a link: loading the image would tell its server who reads the answer.
      return link(token.href, token.text || token.href)
    case 'escape':
      return token.text
    case 'text':
      return token.tokens ? <Inlines tokens={token.tokens} /> : textWithNotes(token.text)
    default:
      return token.raw
  }
}

/** Text in which marks of notes such as `[^1]` are raised. */
function textWithNotes(text: string): ReactNode {
  if (!text.includes('[^')) return text
  return text.split(/(\[\^\d{1,3}\])/).map((part, index) =>
    // Every second part is a mark.
    // biome-ignore lint/suspicious/noArrayIndexKey: text only grows at its end
    index % 2 === 1 ? <sup key={index}>{part.slice(2, -1)}</sup> : part,
  )
}

/** A link if the address begins with http:, https: or mailto:. With any other address, such as `javascript:`, only its content. */
function link(href: string, content: ReactNode): ReactNode {
  if (!/^(https?:\/\/|mailto:)/i.test(href)) return content
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {content}
    </a>
  )
}
