const MAX_LENGTH = 200

/** What a caller chose, at a length that can be repeated. */
export function clip(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
}
