const VARIABLE = /\{\{\s*([\p{L}\p{N}_](?:[\p{L}\p{N}_ .-]{0,57}[\p{L}\p{N}_])?)\s*\}\}/gu

/** The names of the variables in texts, such as `name` of `{{ name }}`, each once, in the order in which they first occur. */
export function variablesOf(texts: readonly string[]): string[] {
  return [...new Set(texts.flatMap((text) => [...text.matchAll(VARIABLE)].map(([, name = '']) => name)))]
}

/** A text with the values in place of its variables. A variable without a value becomes empty. */
export function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(VARIABLE, (_, name: string) => (Object.hasOwn(values, name) ? (values[name] ?? '') : ''))
}
