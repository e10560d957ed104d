import { diff } from '@codemirror/legacy-modes/mode/diff'
import { javascript, json, typescript } from '@codemirror/legacy-modes/mode/javascript'
import { properties } from '@codemirror/legacy-modes/mode/properties'
import { python } from '@codemirror/legacy-modes/mode/python'
import { shell } from '@codemirror/legacy-modes/mode/shell'
import { toml } from '@codemirror/legacy-modes/mode/toml'
import { xml } from '@codemirror/legacy-modes/mode/xml'
import { yaml } from '@codemirror/legacy-modes/mode/yaml'
import type { StreamParser } from '@codemirror/streamparser'
import { css } from './css.ts'
import { html } from './html.ts'
import { KEYWORD_LANGUAGES } from './keyword-languages.ts'

/** The parsers of all languages that are highlighted, by id. */
export const PARSERS: Readonly<Record<string, StreamParser<unknown>>> = {
  ...KEYWORD_LANGUAGES,
  bash: shell,
  css,
  diff,
  html,
  ini: properties,
  javascript,
  json,
  python,
  toml,
  typescript,
  xml,
  yaml,
}
