import { simpleMode } from '@codemirror/legacy-modes/mode/simple-mode'
import type { StreamParser } from '@codemirror/streamparser'

interface Grammar {
  readonly keywords: string
  /** What begins a comment that ends with its line; `//` by default. */
  readonly comment?: RegExp
  /** Whether comments between slashes with stars may stand in it; true by default. */
  readonly hasBlockComments?: boolean
  /** Texts over several lines: what begins one, and what ends it. */
  readonly longStrings?: readonly (readonly [begin: RegExp, end: RegExp])[]
  /** Texts within a line. */
  readonly string?: RegExp
  /** What is neither code nor text, such as annotations and instructions to a preprocessor. */
  readonly meta?: RegExp
  readonly ignoresCase?: boolean
}

const ATOMS = new Set('true false null nil none undefined self this super iota NULL TRUE FALSE NA'.split(' '))
const QUOTED = /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.[^']*)'/
const QUOTED_LONG = /"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?/
const ANNOTATION = /@[\p{L}_][\p{L}\d_.]*/u
const TRIPLE = [/"""/, /"""/] as const
const BACKTICKS = [/`/, /`/] as const
const HASH = /#.*/

function languageOf(grammar: Grammar): StreamParser<unknown> {
  const { comment = /\/\/.*/, hasBlockComments = true, longStrings = [], string = QUOTED, meta, ignoresCase } = grammar
  const words = new Set(grammar.keywords.split(' '))
  const kindOf = ([word]: RegExpMatchArray, isCalled: boolean) => {
    if (words.has(ignoresCase ? word.toLowerCase() : word)) return 'keyword'
    if (ATOMS.has(word)) return 'atom'
    if (isCalled) return 'def'
    return !ignoresCase && /^\p{Lu}.*\p{Ll}/u.test(word) ? 'typeName' : null
  }
  return simpleMode({
    start: [
      ...(meta ? [{ regex: meta, token: 'meta' }] : []),
      ...(hasBlockComments ? [{ regex: /\/\*/, token: 'comment', push: 'comment' }] : []),
      { regex: comment, token: 'comment' },
      ...longStrings.map(([begin], at) => ({ regex: begin, token: 'string', push: `string${at}` })),
      { regex: string, token: 'string' },
      { regex: /[\p{L}_$][\p{L}\d_$]*(?=\()/u, token: (found) => kindOf(found, true) },
      { regex: /[\p{L}_$][\p{L}\d_$]*/u, token: (found) => kindOf(found, false) },
      { regex: /(?:0x[\da-f_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:e[+-]?\d+)?)\w*/i, token: 'number' },
    ],
    comment: [
      { regex: /.*?\*\//, token: 'comment', pop: true },
      { regex: /.+/, token: 'comment' },
    ],
    ...Object.fromEntries(
      longStrings.map(([, end], at) => [
        `string${at}`,
        [
          { regex: end, token: 'string', pop: true },
          { regex: /\\.|[^\\`"\]]+|./, token: 'string' },
        ],
      ]),
    ),
  })
}

const C =
  'auto break case char const continue default do double else enum extern float for goto if inline int long ' +
  'register restrict return short signed sizeof static struct switch typedef union unsigned void volatile while bool'
const OBJECTS =
  'abstract as base bool boolean break byte case catch char class const continue default do double else enum extends ' +
  'final finally float for if implements import in int interface is long new operator override package private ' +
  'protected public return sealed short static switch this throw throws try var void volatile while yield async await'

/** Languages that are told by their keywords, comments and strings, by id. */
export const KEYWORD_LANGUAGES: Readonly<Record<string, StreamParser<unknown>>> = {
  c: languageOf({ keywords: C, meta: /^\s*#\s*\w+/ }),
  cpp: languageOf({
    keywords:
      `${C} alignas and catch class concept consteval constexpr co_await co_return co_yield decltype delete explicit export ` +
      'final friend mutable namespace new noexcept nullptr operator or override private protected public requires ' +
      'static_cast dynamic_cast template throw try typename using virtual',
    meta: /^\s*#\s*\w+/,
  }),
  csharp: languageOf({
    keywords:
      `${OBJECTS} checked decimal delegate event explicit fixed foreach get implicit init internal lock namespace object out ` +
      'params partial readonly record ref required sbyte set sizeof stackalloc string struct typeof uint ulong unchecked ' +
      'unsafe ushort using virtual when where with select from orderby nameof',
    longStrings: [TRIPLE],
    meta: /^\s*#\s*\w+/,
  }),
  dart: languageOf({
    keywords: `${OBJECTS} assert covariant dynamic export extension external factory get hide late library mixin on part required set show typedef with`,
    string: QUOTED_LONG,
    longStrings: [TRIPLE, [/'''/, /'''/]],
    meta: ANNOTATION,
  }),
  dockerfile: languageOf({
    keywords:
      'from as run cmd label expose env add copy entrypoint volume user workdir arg onbuild stopsignal healthcheck shell',
    comment: HASH,
    hasBlockComments: false,
    string: QUOTED_LONG,
    meta: /\$\{[^}]*\}|\$\w+/,
    ignoresCase: true,
  }),
  go: languageOf({
    keywords:
      'break case chan const continue default defer else fallthrough for func go goto if import interface map package range ' +
      'return select struct switch type var any bool byte error float32 float64 int int8 int16 int32 int64 rune string ' +
      'uint uint8 uint16 uint32 uint64 uintptr',
    longStrings: [BACKTICKS],
  }),
  graphql: languageOf({
    keywords:
      'query mutation subscription fragment on type input enum interface union scalar schema extend implements directive repeatable',
    comment: HASH,
    longStrings: [TRIPLE],
    meta: /@\w+|\$\w+/,
  }),
  java: languageOf({
    keywords: `${OBJECTS} assert instanceof native non-sealed permits record strictfp synchronized transient`,
    longStrings: [TRIPLE],
    meta: ANNOTATION,
  }),
  kotlin: languageOf({
    keywords: `${OBJECTS} actual by companion constructor crossinline data expect fun get init inline inner internal lateinit noinline object open out reified sealed set suspend tailrec typealias val vararg when where`,
    longStrings: [TRIPLE],
    meta: ANNOTATION,
  }),
  lua: languageOf({
    keywords: 'and break do else elseif end for function goto if in local not or repeat return then until while',
    comment: /--(?!\[\[).*/,
    hasBlockComments: false,
    longStrings: [[/(?:--)?\[\[/, /\]\]/]],
    string: QUOTED_LONG,
  }),
  makefile: languageOf({
    keywords: 'include define endef ifdef ifndef ifeq ifneq else endif export unexport override',
    comment: HASH,
    hasBlockComments: false,
    meta: /\$[({][^)}]*[)}]|\$[@<^*?]|^[\w./%-]+(?=\s*:)/,
  }),
  php: languageOf({
    keywords: `${OBJECTS} and array callable clone declare echo elseif empty endfor endforeach endif endwhile enddeclare fn foreach function global goto include include_once insteadof instanceof isset list match mixed namespace or parent print readonly require require_once self string trait unset use xor`,
    comment: /(?:\/\/|#(?!\[)).*/,
    string: QUOTED_LONG,
    meta: /<\?(?:php|=)?|\?>|#\[/,
  }),
  powershell: languageOf({
    keywords:
      'begin break catch class continue do else elseif end enum exit filter finally for foreach function if in param process return switch throw trap try until using while',
    comment: HASH,
    hasBlockComments: false,
    string: QUOTED_LONG,
    meta: /\$(?:\w+:)?\w+|\[\w[\w.]*\]/,
    ignoresCase: true,
  }),
  r: languageOf({
    keywords: 'break else for function if in library next repeat require return while',
    comment: HASH,
    hasBlockComments: false,
    string: QUOTED_LONG,
  }),
  ruby: languageOf({
    keywords:
      'alias and attr_accessor attr_reader attr_writer begin break case class def defined do else elsif end ensure extend for if ' +
      'in include loop module next not or private protected public raise redo require require_relative rescue retry return ' +
      'then undef unless until when while yield',
    comment: /#(?!\{).*/,
    hasBlockComments: false,
    string: QUOTED_LONG,
    meta: /:[\p{L}_]\w*|@{1,2}[\p{L}_]\w*/u,
  }),
  rust: languageOf({
    keywords:
      'as async await break const continue crate dyn else enum extern fn for if impl in let loop match mod move mut pub ref ' +
      'return static struct trait type union unsafe use where while bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 ' +
      'u32 u64 u128 usize Self',
    longStrings: [[/r#"/, /"#/]],
    meta: /#!?\[[^\]]*\]|'[a-z_]\w*(?!')|[\p{L}_]\w*!/u,
  }),
  scala: languageOf({
    keywords: `${OBJECTS} def derives enum export extension forSome given implicit lazy match object sealed then trait transparent type using val with`,
    longStrings: [TRIPLE],
    meta: ANNOTATION,
  }),
  sql: languageOf({
    keywords:
      'add all alter analyze and any as asc begin between bigint boolean by cascade case cast char check column commit ' +
      'conflict constraint create cross current database date decimal default delete desc distinct do double drop each else ' +
      'end escape except exists explain false fetch first float following for foreign from full function grant group having if ' +
      'ilike in index inner insert int integer intersect interval into is join json jsonb key last lateral left like limit materialized ' +
      'merge natural not nothing null nulls numeric offset on only or order outer over partition preceding primary procedure ' +
      'range real recursive references rename replace returning returns revoke right rollback row rows select serial set ' +
      'smallint table temporary text then timestamp timestamptz to transaction trigger true truncate unbounded union unique ' +
      'update using uuid values varchar view when where window with',
    comment: /--.*/,
    string: /'(?:[^']|'')*'?|"[^"]*"?/,
    ignoresCase: true,
  }),
  swift: languageOf({
    keywords:
      'actor any as associatedtype async await break case catch class continue convenience default defer deinit do else enum ' +
      'extension fallthrough fileprivate final for func get guard if import in indirect infix init inout internal is lazy let ' +
      'mutating nonisolated open operator optional override private protocol public repeat required rethrows return set some ' +
      'static struct subscript switch throw throws try typealias unowned var weak where while',
    longStrings: [TRIPLE],
    meta: /[@#][\p{L}_]\w*/u,
  }),
}
