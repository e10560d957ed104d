/** The types of columns in PostgreSQL. `key`: a text that is compared, whose order is that of its bytes. */
export type ColumnType = 'key' | 'text' | 'integer' | 'bigint' | 'boolean' | 'bytea'

/**
 * The rows of a JSON parameter, for the `from` of a statement. So a statement has the same text for any number of rows.
 * @param parameter such as `$1`, which has the output of `recordsetOf`
 * @param name of the rows in the statement
 */
export function recordset(parameter: string, name: string, columns: Readonly<Record<string, ColumnType>>): string {
  const types = Object.entries(columns).map(
    ([column, type]) => `${column} ${type === 'key' ? 'text collate "C"' : type}`,
  )
  return `json_to_recordset(${parameter}::json) as ${name}(${types.join(', ')})`
}

/** Rows as a JSON parameter. A column that a row does not name is null. */
export function recordsetOf(rows: readonly object[]): string {
  return JSON.stringify(rows)
}

/** Bytes in a row of `recordsetOf`. */
export function hexOf(bytes: Uint8Array | null): string | null {
  return bytes && `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}
