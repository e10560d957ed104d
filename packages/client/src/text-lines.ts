/**
 * The lines of a body, without line breaks. Text behind the last line break is dropped, because that line was cut off.
 * @param onBytes called each time bytes arrive
 */
export async function* textLines(body: ReadableStream<Uint8Array>, onBytes: () => void): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      onBytes()
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      yield* lines
    }
  } finally {
    // Closes the connection when the loop is left early. The promise rejects when the connection has failed; `read` reported that.
    reader.cancel().catch(() => {})
  }
}
