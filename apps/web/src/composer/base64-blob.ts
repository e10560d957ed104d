/** The bytes that base64 stands for; undefined if the text is no base64. */
export function base64Blob(data: string, type: string): Blob | undefined {
  try {
    return new Blob([Uint8Array.from(atob(data), (char) => char.charCodeAt(0))], { type })
  } catch {
    return undefined
  }
}
