/** The value at a path inside foreign data. Undefined if the data has no such path. */
export function valueAt(data: unknown, ...path: readonly (string | number)[]): unknown {
  let value = data
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
    value = Reflect.get(value, key)
  }
  return value
}
