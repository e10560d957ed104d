import type { MarkedToken, Token, Tokens } from 'marked'
import { memo, type ReactNode, useState } from 'react'
import { EMPTY_MARKDOWN, parseFurther } from './growing-markdown.ts'

// Elements are made here, one by one, from what the parser found. No HTML is ever handed to the browser, so what a model writes
// cannot become more than text, whatever it is.

/** A text with Markdown in it. While it grows, what it already had is neither parsed nor rendered again. */
export const Markdown = memo(({ text }: { text: string }) => {
  const [parsed, setParsed] = useState({ text: '', markdown: EMPTY_MARKDOWN })
  let { markdown } = parsed
  if (parsed.text !== text) {
    markdown = parseFurther(markdown, text)
    setParsed({ text, markdown })
  }
  // Text only grows at its end, so the place of a page is its identity.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return markdown.pages.map((tokens, place) => <Page key={place} tokens={tokens} />)
})

const Page = memo(({ tokens }: { tokens: readonly Token[] }) => <div className="part">{blocks(tokens)}</div>)

const Block = memo(
  ({ token }: { token: Token }) => block(token as MarkedToken),
  (before, after) => before.token.raw === after.token.raw,
)

function blocks(tokens: readonly Token[]): ReactNode[] {
  // Text only grows at its end, so the place of a block is its identity.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return tokens.map((token, place) => <Block key={`${place} ${token.type}`} token={token} />)
}

function block(token: MarkedToken): ReactNode {
  switch (token.type) {
    case 'heading': {
      // Under the heading of the pane, which is of the second level.
      const Heading = token.depth === 1 ? 'h3' : token.depth === 2 ? 'h4' : 'h5'
      return <Heading>{inlines(token.tokens)}</Heading>
    }
    case 'paragraph':
      return <p>{inlines(token.tokens)}</p>
    case 'code':
      return (
        <pre>
          <code>{code(token.text)}</code>
        </pre>
      )
    case 'blockquote':
      return <blockquote>{blocks(token.tokens)}</blockquote>
    case 'list':
      return list(token)
    case 'table':
      return table(token)
    case 'hr':
      return <hr />
    case 'space':
    case 'def':
      return null
    case 'text':
      return token.tokens ? inlines(token.tokens) : token.text
    default:
      return <p>{inline(token)}</p>
  }
}

const LINES = /(?:[^\n]*\n){1,20}|[^\n]+/g

/** Some lines each, so that those that are full are laid out once and not again for each token. */
function code(text: string): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: lines only come at the end
  return (text.match(LINES) ?? []).map((lines, place) => <span key={place}>{lines}</span>)
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const content = items.map((item, place) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: items only come at the end
    <li key={place}>
      {item.task && <span aria-hidden="true">{item.checked ? '☑ ' : '☐ '}</span>}
      {blocks(item.tokens.filter(({ type }) => type !== 'checkbox'))}
    </li>
  ))
  return ordered ? <ol start={start === '' ? 1 : start}>{content}</ol> : <ul>{content}</ul>
}

function table({ header, rows }: Tokens.Table): ReactNode {
  const row = (cells: readonly Tokens.TableCell[], Cell: 'td' | 'th') =>
    // biome-ignore lint/suspicious/noArrayIndexKey: columns have no other name
    cells.map(({ tokens }, column) => <Cell key={column}>{inlines(tokens)}</Cell>)
  return (
    <table>
      <thead>
        <tr>{row(header, 'th')}</tr>
      </thead>
      <tbody>
        {rows.map((cells, place) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows only come at the end
          <tr key={place}>{row(cells, 'td')}</tr>
        ))}
      </tbody>
    </table>
  )
}

function inlines(tokens: readonly Token[]): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: text only grows at its end
  return tokens.map((token, place) => <span key={place}>{inline(token as MarkedToken)}</span>)
}

function inline(token: MarkedToken): ReactNode {
  switch (token.type) {
    case 'strong':
      return <strong>{inlines(token.tokens)}</strong>
    case 'em':
      return <em>{inlines(token.tokens)}</em>
    case 'del':
      return <del>{inlines(token.tokens)}</del>
    case 'codespan':
      return <code>{token.text}</code>
    case 'br':
      return <br />
    case 'link':
      return link(token.href, inlines(token.tokens))
    case 'image':
      // A link: to show it would tell its server who reads this.
      return link(token.href, token.text || token.href)
    case 'escape':
      return token.text
    case 'text':
      return token.tokens ? inlines(token.tokens) : token.text
    default:
      return token.raw
  }
}

/** A link, if it leads to the web; any other address, such as `javascript:`, is left out. */
function link(href: string, content: ReactNode): ReactNode {
  if (!/^(https?:\/\/|mailto:)/i.test(href)) return content
  return (
    <a href={href} target="_blank" rel="noreferrer noopener">
      {content}
    </a>
  )
}
