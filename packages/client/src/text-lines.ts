/**
 * The lines of a body, without their ends. What follows the last line break is dropped: it is a line that was cut off.
 * @param onBytes called whenever something has come
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
    // Closes the connection when the caller leaves early. It fails when the connection has failed, which is known by then.
    reader.cancel().catch(() => {})
  }
}
