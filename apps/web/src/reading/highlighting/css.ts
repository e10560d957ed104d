import { simpleMode } from '@codemirror/legacy-modes/mode/simple-mode'

const SHARED = [
  { regex: /\/\*/, token: 'comment', push: 'comment' },
  { regex: /\/\/.*/, token: 'comment' },
  { regex: /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?/, token: 'string' },
  { regex: /[@$][\w-]+/, token: 'keyword' },
]

/** CSS, and what SCSS and Less add to it. CodeMirror's own mode for it has long lists of names, and is four times as large. */
export const css = simpleMode({
  start: [
    ...SHARED,
    { regex: /\{/, push: 'rules' },
    { regex: /[.#&]?[\p{L}_-][\p{L}\d_-]*/u, token: 'tagName' },
    { regex: /::?[a-z-]+/, token: 'attribute' },
    { regex: /[\d.]+[a-z%]*/, token: 'number' },
    { regex: /\}/ },
  ],
  rules: [
    ...SHARED,
    { regex: /\}/, pop: true },
    { regex: /\{/, push: 'rules' },
    { regex: /-{0,2}[a-z][\w-]*(?=\s*:(?!\s*[\w-]*\s*\{))/i, token: 'attribute', push: 'value' },
    { regex: /[.#&]?[\p{L}_-][\p{L}\d_-]*/u, token: 'tagName' },
    { regex: /[\d.]+%?/, token: 'number' },
  ],
  value: [
    ...SHARED,
    { regex: /;/, pop: true },
    { regex: /(?=\})/, pop: true },
    { regex: /#[\da-f]{3,8}\b|[+-]?(?:\d+\.?\d*|\.\d+)(?:[a-z]+|%)?/i, token: 'number' },
    { regex: /![a-z]+/, token: 'keyword' },
    { regex: /--[\w-]+/, token: 'attribute' },
    { regex: /[a-z][\w-]*(?=\()/i, token: 'typeName' },
    { regex: /[\p{L}_-][\p{L}\d_-]*/u, token: 'atom' },
  ],
  comment: [
    { regex: /.*?\*\//, token: 'comment', pop: true },
    { regex: /.+/, token: 'comment' },
  ],
})
