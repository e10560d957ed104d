import { javascript } from '@codemirror/legacy-modes/mode/javascript'
import { html as tags } from '@codemirror/legacy-modes/mode/xml'
import type { StreamParser, StringStream } from '@codemirror/streamparser'
import { copyOf } from './copy-state.ts'
import { css } from './css.ts'

const INNER: Readonly<Record<string, StreamParser<unknown>>> = { script: javascript, style: css }

interface State {
  readonly tags: unknown
  /** The element that has just been opened, if its text is another language. */
  opening: string | undefined
  /** The element within which the parser is. */
  inner: { readonly name: string; readonly state: unknown } | undefined
}

/** HTML with its scripts and styles. */
export const html: StreamParser<unknown> = {
  startState: (indentUnit): State => ({ tags: tags.startState?.(indentUnit), opening: undefined, inner: undefined }),
  copyState: (state) => {
    const { tags: tagState, opening, inner } = own(state)
    const parser = inner && INNER[inner.name]
    return {
      tags: copyOf(tags, tagState),
      opening,
      inner: parser && { name: inner.name, state: copyOf(parser, inner.state) },
    }
  },
  token: (stream, state) => token(stream, own(state)),
}

/** The states come from `startState` and `copyState`. */
function own(state: unknown): State {
  return state as State
}

function token(stream: StringStream, state: State): string | null {
  if (state.inner && stream.match(new RegExp(`^</${state.inner.name}`, 'i'), false)) state.inner = undefined
  const parser = state.inner && INNER[state.inner.name]
  if (state.inner && parser) return parser.token(stream, state.inner.state)
  const style = tags.token(stream, state.tags)
  const text = stream.current()
  if (style === 'tag') {
    const name = text.toLowerCase()
    state.opening = stream.string.charAt(stream.start - 1) === '<' && Object.hasOwn(INNER, name) ? name : undefined
  }
  if (text.endsWith('>') && state.opening !== undefined) {
    if (text === '>') state.inner = { name: state.opening, state: INNER[state.opening]?.startState?.(2) }
    state.opening = undefined
  }
  return style
}
