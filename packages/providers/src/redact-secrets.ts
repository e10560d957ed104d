const MASK = '[redacted]'

// Keys we were never told of: another tenant's, a gateway's, one the vendor shows half masked ("sk-…****abcd").
const LOOKS_LIKE_A_SECRET = [
  /\b(?:bearer|basic)\s+[^\s"',;]+/gi,
  /\b(?:sk|pk|rk|gsk|xai)-[\w*.-]{6,}/g,
  /\bAIza[\w*-]{10,}/g,
  /\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g,
  /\b(?:[\w-]*api[-_]?key|access[-_]?token|authorization|key)\b(["']?\s*[:=]\s*["']?)[^\s"',;&)}\]]+/gi,
]

/** The text without the given secrets, in any spelling they travel in, and without whatever else looks like a key. */
export function redactSecrets(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets.filter((candidate) => candidate !== '')) {
    const quoted = JSON.stringify(secret).slice(1, -1)
    const base64 = Buffer.from(secret).toString('base64')
    for (const spelling of new Set([secret, quoted, encodeURIComponent(secret), base64])) {
      clean = clean.replaceAll(spelling, MASK)
    }
  }
  for (const pattern of LOOKS_LIKE_A_SECRET) clean = clean.replace(pattern, MASK)
  return clean
}
