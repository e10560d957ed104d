import { type CSSProperties, createElement, type ReactElement, type ReactNode } from 'react'
import temml from 'temml/temml.js'

/** The most elements of a formula. A longer one is shown as its source. */
const MOST_ELEMENTS = 3_000

/** Definitions could make a short formula very long. */
const DEFINITION = /\\(?:[gex]?def|(?:future)?let|(?:re|provide)?newcommand|renewcommand|providecommand)(?![a-zA-Z])/

const ELEMENTS: ReadonlySet<string> = new Set(
  (
    'math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom menclose msub msup msubsup munder mover ' +
    'munderover mmultiscripts mprescripts none mtable mtr mtd'
  ).split(' '),
)

/** Attributes that say how a formula looks. None of them can hold an address or a program. */
const ATTRIBUTES: ReadonlySet<string> = new Set(
  (
    'accent accentunder columnalign columnspacing depth display displaystyle fence form height largeop linethickness lspace ' +
    'mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits notation rowspacing rspace scriptlevel ' +
    'separator stretchy symmetric voffset width'
  ).split(' '),
)

const STYLES: ReadonlySet<string> = new Set(
  (
    'border borderBottom borderLeft borderRight borderTop color display fontWeight height marginLeft mathDepth padding ' +
    'paddingBottom paddingLeft paddingRight paddingTop textAlign verticalAlign width'
  ).split(' '),
)

/** A node of Temml's tree, which has types for the texts that it takes and none for what it makes. */
interface MathNode {
  readonly type: string
  readonly attributes: Readonly<Record<string, unknown>>
  readonly classes: readonly string[]
  readonly style: Readonly<Record<string, unknown>>
  readonly children: readonly unknown[]
}

class UnknownElement extends Error {}

/**
 * A formula as elements of MathML. The browser parses no text of it: each element is one of those above.
 * @returns `undefined` if the formula has a mistake, or says something that is not known
 */
export function mathmlOf(tex: string, isDisplay: boolean): ReactElement | undefined {
  if (DEFINITION.test(tex)) return undefined
  try {
    const tree: unknown = temml.__renderToMathMLTree(tex, {
      displayMode: isDisplay,
      throwOnError: true,
      trust: false,
      strict: false,
      maxSize: [30, 300],
      maxExpand: 200,
    })
    const count = { left: MOST_ELEMENTS }
    return isNode(tree) && tree.type === 'math' ? elementOf(tree, 0, count) : undefined
  } catch {
    // A mistake in the formula, too many braces within each other, or something that is not known.
    return undefined
  }
}

function elementOf(node: MathNode, key: number, count: { left: number }): ReactElement {
  if (!ELEMENTS.has(node.type) || count.left-- <= 0) throw new UnknownElement(node.type)
  const className = node.classes.filter((name) => /^[\w-]+$/.test(name)).join(' ')
  const props = {
    key,
    ...allowed(node.attributes, ATTRIBUTES),
    ...(className && { className }),
    style: allowed(node.style, STYLES) satisfies CSSProperties,
  }
  return createElement(node.type, props, ...node.children.map((child, at) => childOf(child, at, count)))
}

function childOf(child: unknown, at: number, count: { left: number }): ReactNode {
  if (isNode(child)) return elementOf(child, at, count)
  if (hasFields(child) && typeof child['text'] === 'string') return child['text']
  if (hasFields(child) && Array.isArray(child['children']))
    return child['children'].map((inner, index) => childOf(inner, index, count))
  throw new UnknownElement()
}

function allowed(values: Readonly<Record<string, unknown>>, names: ReadonlySet<string>): Record<string, string> {
  const entries = Object.entries(values).filter(
    ([name, value]) => names.has(name) && value !== undefined && value !== null,
  )
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}

function isNode(value: unknown): value is MathNode {
  return (
    hasFields(value) && typeof value['type'] === 'string' && 'attributes' in value && Array.isArray(value['children'])
  )
}

function hasFields(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
