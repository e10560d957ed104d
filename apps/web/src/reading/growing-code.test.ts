import { describe, expect, it } from 'vitest'
import { EMPTY_CODE, type GrowingCode, highlightFurther } from './growing-code.ts'
import { highlighterOf } from './highlighting/highlighter.ts'
import { PARSERS } from './highlighting/parsers.ts'
import { languageNamed } from './language-names.ts'

const SAMPLES: Readonly<Record<string, string>> = {
  typescript:
    '/** Two\n * lines */\nexport const f = async <T>(a: T): Promise<string> => {\n  return `a $' + '{a} b\n`\n}\n',
  python: '@dec\ndef f(x: int = 3) -> str:\n    """doc\n\n    more"""\n    return f"a {x}" # c\n',
  html: '<!-- a\n b --><p class="x">It don\'t</p>\n<script>\nconst a = `1`\n// b\n</script>\n<style>.a { color: #fff }</style>\n',
  css: '/* a\n*/ .a:hover > b { --x: 1rem; color: var(--x) }\n@media (min-width: 3px) { a { margin: 0 } }\n',
  sql: "select a, count(*) from t -- c\nwhere x = 'it''s' /* d\n*/ and y > 3\n",
  rust: 'fn main<\'a>(x: &\'a str) -> Option<u8> {\n  let r = r#"a\n"b"#; println!("{}", \'c\');\n}\n',
  bash: '# c\ncat <<EOF\nit\'s $HOME\nEOF\nnpm i && echo "a\nb"\n',
  yaml: 'a: 1\nb:\n  - "c"\n  - |\n    text\n    more\nd: true # e\n',
  json: '{\n  "a": [1.5, true, null],\n  "b": "c"\n}\n',
  java: '@Override\npublic String f() { return """\n  a\n  """; } // b\n',
  ruby: 'def a\n  puts "b #{c}" # d\n  @e = :f\nend\n',
  lua: '--[[ a\nb ]] local x = [[ c\nd ]]\n',
  toml: 'a = 1\n[b]\nc = "d"\n',
  diff: '@@ -1 +1 @@\n-a\n+b\n',
}

const textOf = ({ groups }: GrowingCode) =>
  groups
    .flat(2)
    .map(({ text }) => text)
    .join('')
const kindsIn = (id: string, code: string) =>
  highlightFurther(EMPTY_CODE, code, highlighterOf(id))
    .groups.flat(2)
    .filter(({ kind }) => kind !== undefined)
    .map(({ text, kind }) => `${kind} ${text.trim()}`)

describe('highlightFurther', () => {
  it('gives the same tokens for code in pieces as for the whole code, in every language', () => {
    for (const [at, id] of Object.keys(PARSERS).entries()) {
      const code = `${SAMPLES[id] ?? ''}${Object.values(SAMPLES).join('')}`
      let growing = EMPTY_CODE
      for (let length = 1; length < code.length; length += 1 + ((length * 7 + at) % 9)) {
        const part = code.slice(0, length)
        growing = highlightFurther(growing, part, highlighterOf(id))
        if (textOf(growing) !== part) expect({ id, text: textOf(growing) }).toEqual({ id, text: part })
      }
      growing = highlightFurther(growing, code, highlighterOf(id))
      expect({ id, groups: growing.groups }).toEqual({
        id,
        groups: highlightFurther(EMPTY_CODE, code, highlighterOf(id)).groups,
      })
    }
  })

  it('highlights a line once, and the last line again with each token', () => {
    const lines: string[] = []
    const counting = {
      start: () => ({}),
      copy: (state: unknown) => state,
      highlight: (text: string) => {
        lines.push(text)
        return []
      },
    }
    const first = highlightFurther(EMPTY_CODE, 'one\ntwo\nthr', counting)
    const second = highlightFurther(first, 'one\ntwo\nthree', counting)
    expect(highlightFurther(second, 'one\ntwo\nthree\nfour', counting).settledLines).toBe(3)
    expect(lines).toEqual(['one', 'two', 'thr', 'three', 'three', 'four'])
  })

  it('keeps the objects of lines that have ended, and of full groups of lines', () => {
    const code = 'const a = 1\n'.repeat(50)
    const before = highlightFurther(EMPTY_CODE, code, highlighterOf('typescript'))
    const after = highlightFurther(before, `${code}b`, highlighterOf('typescript'))
    expect(after.groups.map(({ length }) => length)).toEqual([20, 20, 11])
    expect(after.groups[1]).toBe(before.groups[1])
    expect(after.groups[2]?.[9]).toBe(before.groups[2]?.[9])
  })

  it('begins again when the code does not continue the code before, and when a highlighter comes', () => {
    const plain = highlightFurther(EMPTY_CODE, 'let a = 1\nlet', undefined)
    expect(plain.groups.flat(2).every(({ kind }) => kind === undefined)).toBe(true)
    const highlighted = highlightFurther(plain, 'let a = 1\nlet', highlighterOf('typescript'))
    expect(highlighted.groups[0]?.[0]?.[0]).toEqual({ text: 'let', kind: 'keyword' })
    expect(textOf(highlightFurther(highlighted, 'other', highlighterOf('typescript')))).toBe('other')
  })

  it('does not highlight very long code or lines', () => {
    const isPlain = (code: string) =>
      highlightFurther(EMPTY_CODE, code, highlighterOf('typescript'))
        .groups.flat(2)
        .every(({ kind }) => kind === undefined)
    expect(isPlain('let a = 1\n'.repeat(20_001))).toBe(true)
    expect(isPlain(`${'let a = 1; '.repeat(100)}`)).toBe(true)
    expect(isPlain('let a = 1')).toBe(false)
  })

  it('takes a time that grows with the length of hostile code, in every language', () => {
    const hostile = [
      'f<',
      '{(',
      '<a b={',
      '`${',
      '/*',
      '"',
      "'a ",
      '<!--',
      '[[',
      '<<A ',
      '- - ',
      'a: ',
      '\\',
      '(((\n',
      '{\n',
      '<b>\n',
      'f(\n',
    ]
    for (const id of Object.keys(PARSERS)) {
      for (const piece of hostile) {
        const code = piece.includes('\n') ? piece.repeat(5_000) : `${piece.repeat(900 / piece.length)}\n`.repeat(20)
        const start = performance.now()
        highlightFurther(EMPTY_CODE, code, highlighterOf(id))
        const ms = performance.now() - start
        if (ms > 500) expect({ id, piece, ms }).toEqual({ id, piece, ms: 'less than 500' })
      }
    }
  })

  it.each([
    [
      'typescript',
      'const a: string = `b` // c',
      ['keyword const', 'name a', 'type string', 'string `b`', 'comment // c'],
    ],
    ['python', 'def f(): return 1.5', ['keyword def', 'name f', 'keyword return', 'number 1.5']],
    ['json', '{"a": "b", "c": 1}', ['name "a"', 'string "b"', 'name "c"', 'number 1']],
    [
      'html',
      "<p>It don't</p><style>a{color:#fff}</style>",
      ['name p', 'name p', 'name style', 'name a', 'type color', 'number #fff', 'name style'],
    ],
    ['sql', "SELECT 'it''s' FROM t -- c", ['keyword SELECT', "string 'it''s'", 'keyword FROM', 'comment -- c']],
    ['rust', "fn f(x: &'a str) { 'c' }", ['keyword fn', 'name f', "meta 'a", 'keyword str', "string 'c'"]],
    ['go', 'x := `a` // b', ['string `a`', 'comment // b']],
    ['yaml', 'a: "b" # c', ['name a', 'meta :', 'string "b"', 'comment # c']],
    ['diff', '+a', ['inserted +a']],
  ])('tells apart what %s code is made of', (id, code, kinds) => {
    expect(kindsIn(id, code)).toEqual(kinds)
  })
})

describe('languageNamed', () => {
  it('knows the languages that are highlighted, and no others', () => {
    for (const id of Object.keys(PARSERS)) expect(languageNamed(id)?.id).toBe(id)
    expect(languageNamed('TSX title="a.tsx"')).toEqual({ id: 'typescript', name: 'TypeScript' })
    expect(languageNamed('py')?.name).toBe('Python')
    expect(languageNamed('constructor')).toBeUndefined()
    expect(languageNamed('')).toBeUndefined()
  })
})
