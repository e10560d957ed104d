/** The value of a JSON text. Undefined if the text is not JSON: no JSON has that value. */
export function parsedJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}
