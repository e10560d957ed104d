import type { MarkedToken, Token, Tokens } from 'marked'
import { memo, type ReactNode } from 'react'
import { CodeBlock } from './code-block.tsx'
import { Formula } from './formula.tsx'
import { Inlines } from './inlines.tsx'
import { isMath } from './math-syntax.ts'
import { isSameToken } from './same-token.ts'
import { Table } from './table.tsx'

// React elements are built here from the parser's tokens. The browser never parses HTML from a model, so an answer cannot run code
// or load anything.

/** The blocks of a Markdown text, such as paragraphs and lists. */
export function Blocks({ tokens }: { tokens: readonly Token[] }): ReactNode {
  // Text only grows at its end, so the index of a block is its identity.
  // biome-ignore lint/suspicious/noArrayIndexKey: see above
  return tokens.map((token, index) => <Block key={`${index} ${token.type}`} token={token} />)
}

const Block = memo(
  ({ token }: { token: Token }) => (isMath(token) ? <Formula token={token} /> : block(token as MarkedToken)),
  (before, after) => isSameToken(before.token, after.token),
)

function block(token: MarkedToken): ReactNode {
  switch (token.type) {
    case 'heading': {
      // The heading of the pane is an h2, so the answer's headings begin at h3.
      const Heading = token.depth === 1 ? 'h3' : token.depth === 2 ? 'h4' : token.depth === 3 ? 'h5' : 'h6'
      return (
        <Heading dir="auto">
          <Inlines tokens={token.tokens} />
        </Heading>
      )
    }
    case 'paragraph':
      return (
        <p dir="auto">
          <Inlines tokens={token.tokens} />
        </p>
      )
    case 'code':
      return <CodeBlock code={token.text} language={token.lang ?? ''} />
    case 'blockquote':
      return (
        <blockquote dir="auto">
          <Blocks tokens={token.tokens} />
        </blockquote>
      )
    case 'list':
      return <List list={token} />
    case 'table':
      return <Table table={token} />
    case 'hr':
      return <hr />
    case 'space':
    case 'def':
      return null
    case 'text':
      return token.tokens ? <Inlines tokens={token.tokens} /> : token.text
    default:
      // HTML is shown as it is written.
      return (
        <p className="source" dir="auto">
          {token.raw.trimEnd()}
        </p>
      )
  }
}

function List({ list: { ordered, start, items } }: { list: Tokens.List }) {
  const content = items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: items are only added at the end
    <ListItem key={index} item={item} />
  ))
  if (!ordered) return <ul dir="auto">{content}</ul>
  const first = start === '' ? 1 : start
  // The room for the numbers depends on the longest.
  const digits = `${first + items.length - 1}`.length
  return (
    <ol start={first} dir="auto" data-digits={digits > 2 ? digits : undefined}>
      {content}
    </ol>
  )
}

const ListItem = memo(
  ({ item }: { item: Tokens.ListItem }) => {
    const content = <Blocks tokens={item.tokens.filter(({ type }) => type !== 'checkbox')} />
    if (!item.task) return <li>{content}</li>
    return (
      <li className="task">
        <input type="checkbox" checked={item.checked === true} disabled aria-label={taskName(item)} readOnly />
        <div>{content}</div>
      </li>
    )
  },
  (before, after) => before.item.loose === after.item.loose && isSameToken(before.item, after.item),
)

/** The first line of a task, without its mark. */
function taskName({ text, checked }: Tokens.ListItem): string {
  const [line = ''] = text.replace(/^\[[ xX]\]\s+/, '').split('\n')
  return line.replaceAll(/[*_`~]/g, '').trim() || (checked ? 'Done' : 'To do')
}
