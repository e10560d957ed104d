const MAX_LENGTH = 200

/** Cuts a text of a caller to a length that an answer or a log line can repeat. */
export function clip(text: string): string {
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text
}
