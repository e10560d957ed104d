/** Fields that are never logged. */
export const SECRET_NAMES = ['prompt', 'system', 'result', 'authorization', 'signature'] as const

export const CENSOR = '[redacted]'

const names: ReadonlySet<string> = new Set(SECRET_NAMES)

/**
 * What is logged of an object: `CENSOR` in place of secret fields, also of the objects in it.
 * @param levels how deep secret fields are searched for
 * @returns the object itself if it has none
 */
export function censored(fields: Fields, levels: number): Fields {
  let copy: Fields | undefined
  for (const [name, value] of Object.entries(fields)) {
    const shown = names.has(name) ? CENSOR : levels > 1 && isPlain(value) ? censored(value, levels - 1) : value
    if (shown === value) continue
    copy ??= Object.assign(Array.isArray(fields) ? [] : {}, fields)
    copy[name] = shown
  }
  return copy ?? fields
}

type Fields = Record<string, unknown>

/** Not requests and sockets: the logger makes something else of them. */
function isPlain(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null
}
