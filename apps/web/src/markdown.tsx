import type { MarkedToken, Token, Tokens } from 'marked'
import { memo, type ReactNode, useState } from 'react'
import { EMPTY_MARKDOWN, parseFurther } from './growing-markdown.ts'

// React elements are built here from the parser's tokens. The browser never parses HTML from a model, so an answer cannot run code
// or load anything.

/** Renders Markdown. While the text grows, its settled blocks are neither parsed nor rendered again. */
export const Markdown = memo(({ text }: { text: string }) => {
  const [parsed, setParsed] = useState({ text: '', markdown: EMPTY_MARKDOWN })
  let { markdown } = parsed
  if (parsed.text !== text) {
    markdown = parseFurther(markdown, text)
    setParsed({ text, markdown })
  }
  // Text only grows at its end, so the index of a page is its identity.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return markdown.pages.map((tokens, index) => <Page key={index} tokens={tokens} />)
})

const Page = memo(({ tokens }: { tokens: readonly Token[] }) => <div className="markdown-page">{blocks(tokens)}</div>)

const Block = memo(
  ({ token }: { token: Token }) => block(token as MarkedToken),
  (before, after) => before.token.raw === after.token.raw,
)

function blocks(tokens: readonly Token[]): ReactNode[] {
  // Text only grows at its end, so the index of a block is its identity.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return tokens.map((token, index) => <Block key={`${index} ${token.type}`} token={token} />)
}

function block(token: MarkedToken): ReactNode {
  switch (token.type) {
    case 'heading': {
      // The heading of the pane is an h2, so the answer's headings begin at h3.
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

/** Splits code into spans of 20 lines, so that a new token lays out only the last span. */
function code(text: string): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: lines are only added at the end
  return (text.match(LINES) ?? []).map((lines, index) => <span key={index}>{lines}</span>)
}

function list({ ordered, start, items }: Tokens.List): ReactNode {
  const content = items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: items are only added at the end
    <li key={index}>
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
        {rows.map((cells, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: rows are only added at the end
          <tr key={index}>{row(cells, 'td')}</tr>
        ))}
      </tbody>
    </table>
  )
}

function inlines(tokens: readonly Token[]): ReactNode[] {
  // biome-ignore lint/suspicious/noArrayIndexKey: text only grows at its end
  return tokens.map((token, index) => <span key={index}>{inline(token as MarkedToken)}</span>)
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
      // An image becomes a link: loading the image would tell its server who reads the answer.
      return link(token.href, token.text || token.href)
    case 'escape':
      return token.text
    case 'text':
      return token.tokens ? inlines(token.tokens) : token.text
    default:
      return token.raw
  }
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
