/** A language that can be highlighted. */
export interface Language {
  readonly id: string
  readonly name: string
}

/** By id: the name, and the other words by which a fence may name the language. */
const LANGUAGES: Readonly<Record<string, readonly [name: string, ...aliases: string[]]>> = {
  bash: ['Shell', 'sh', 'shell', 'zsh', 'console', 'shellsession', 'shell-session', 'fish'],
  c: ['C', 'h'],
  cpp: ['C++', 'c++', 'cc', 'hpp', 'cxx'],
  csharp: ['C#', 'cs', 'c#'],
  css: ['CSS', 'scss', 'less'],
  dart: ['Dart'],
  diff: ['Diff', 'patch'],
  dockerfile: ['Dockerfile', 'docker'],
  go: ['Go', 'golang'],
  graphql: ['GraphQL', 'gql'],
  html: ['HTML', 'vue', 'svelte', 'htm'],
  ini: ['INI', 'properties', 'env', 'dotenv', 'conf'],
  java: ['Java'],
  javascript: ['JavaScript', 'js', 'jsx', 'mjs', 'cjs', 'node'],
  json: ['JSON', 'jsonc', 'json5', 'jsonl', 'ndjson'],
  kotlin: ['Kotlin', 'kt', 'kts'],
  lua: ['Lua'],
  makefile: ['Makefile', 'make'],
  php: ['PHP'],
  powershell: ['PowerShell', 'ps1', 'pwsh'],
  python: ['Python', 'py', 'python3', 'pycon'],
  r: ['R'],
  ruby: ['Ruby', 'rb'],
  rust: ['Rust', 'rs'],
  scala: ['Scala'],
  sql: ['SQL', 'postgresql', 'postgres', 'mysql', 'sqlite', 'plpgsql', 'tsql'],
  swift: ['Swift'],
  toml: ['TOML'],
  typescript: ['TypeScript', 'ts', 'tsx', 'mts', 'cts'],
  xml: ['XML', 'svg', 'xhtml', 'rss'],
  yaml: ['YAML', 'yml'],
}

const BY_WORD: ReadonlyMap<string, Language> = new Map(
  Object.entries(LANGUAGES).flatMap(([id, [name, ...aliases]]) =>
    [id, ...aliases].map((word): [string, Language] => [word, { id, name }]),
  ),
)

/** The language that a fence names, such as `ts` or `ts title="a.ts"`; `undefined` if it is not highlighted. */
export function languageNamed(words: string): Language | undefined {
  const [word = ''] = words.toLowerCase().split(/[\s,{:]/)
  return BY_WORD.get(word)
}
