const MASK = '[redacted]'
/**
 * A shorter key is not looked for: servers without keys are given `x`, `any` or `ollama`, which are words of sentences.
 */
const MIN_SECRET_CHARS = 8

// These find keys that nobody told us: those of another tenant or of a gateway, or one that the vendor masks in part
// ("sk-…****abcd").
const LOOKS_LIKE_A_SECRET = [
  /\b(?:bearer|basic)\s+[^\s"',;]+/gi,
  /\b(?:sk|pk|rk|gsk|xai)-[\w*.-]{6,}/g,
  /\bAIza[\w*-]{10,}/g,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /\b(?:[\w-]*api[-_]?key|access[-_]?token|authorization|key)\b(["']?\s*[:=]\s*["']?)[^\s"',;&)}\]]+/gi,
]

/**
 * Returns the text with `[redacted]` in place of each given secret, also where it is quoted as in JSON, encoded as in a
 * URL or encoded in base64, and in place of everything else that looks like a key. Secrets of less than 8 characters stay.
 */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets.filter(({ length }) => length >= MIN_SECRET_CHARS)) {
    const quoted = JSON.stringify(secret).slice(1, -1)
    const base64 = Buffer.from(secret).toString('base64')
    for (const spelling of new Set([secret, quoted, encodeURIComponent(secret), base64])) {
      clean = clean.replaceAll(spelling, MASK)
    }
  }
  for (const pattern of LOOKS_LIKE_A_SECRET) clean = clean.replace(pattern, MASK)
  return clean
}
