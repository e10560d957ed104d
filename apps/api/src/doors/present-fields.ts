/** Fields whose content is the caller's own, where null and empty values mean something. */
const OPAQUE = new Set(['parameters', 'schema', 'metadata'])

/**
 * A body without the fields that are null, an empty list or an empty object: SDKs send them for what was not set. Elements of
 * lists stay, so that paths of faults are those of the caller's body.
 */
export function withPresentFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withPresentFields)
  if (typeof value !== 'object' || value === null) return value
  const fields: [string, unknown][] = []
  for (const [name, field] of Object.entries(value)) {
    if (!isAbsent(field)) fields.push([name, OPAQUE.has(name) ? field : withPresentFields(field)])
  }
  return Object.fromEntries(fields)
}

function isAbsent(value: unknown): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0)
}
