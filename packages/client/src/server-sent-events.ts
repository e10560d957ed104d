/** An event of a stream in the format Server-Sent Events. Absent fields are empty. */
export interface ServerSentEvent {
  readonly event: string
  readonly id: string
  readonly data: string
}

const NO_FIELDS: ServerSentEvent = { event: '', id: '', data: '' }

/**
 * The events of a stream. An event that its connection cut off is dropped.
 * @returns undefined for each comment, which is a keep-alive
 */
export async function* serverSentEvents(
  lines: AsyncIterable<string>,
): AsyncGenerator<ServerSentEvent | undefined, void> {
  let fields = NO_FIELDS
  for await (const line of lines) {
    // A proxy may end lines with CRLF.
    const [, name = '', value = ''] = /^(\w*):? ?(.*?)\r?$/s.exec(line) ?? []
    if (name in fields) fields = { ...fields, [name]: value }
    else if (line.startsWith(':')) yield undefined
    else if (name === '' && fields !== NO_FIELDS) {
      yield fields
      fields = NO_FIELDS
    }
  }
}
