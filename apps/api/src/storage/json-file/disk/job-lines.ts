import { JobEntry } from '../memory/job-entry.ts'

const NEWLINE = 10
const COMMA = 44
const HEAD = Buffer.from('{"version":1,"jobs":[')
const TAIL = Buffer.from(']}')

/** A file is not laid out with one job a line, as this server does it; it may be good as a whole. */
export class NotLineByLineError extends Error {
  override readonly name = 'NotLineByLineError'
}

/**
 * The jobs of a file as it passes, one at a time.
 * @throws NotLineByLineError also after jobs were given
 * @throws DamagedFileError
 */
export async function* entriesOf(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<JobEntry> {
  let number = 0
  let hasEnded = false
  for await (const line of linesOf(chunks)) {
    number++
    if (hasEnded || (number === 1 && !line.equals(HEAD))) throw new NotLineByLineError(path)
    hasEnded = line.equals(TAIL)
    // A store without jobs has an empty line.
    if (number === 1 || hasEnded || line.length === 0) continue
    const bytes = new Uint8Array(line.at(-1) === COMMA ? line.subarray(0, -1) : line)
    yield JobEntry.parse(parse(path, bytes), bytes, { path, place: `line ${number}` })
  }
  if (!hasEnded) throw new NotLineByLineError(path)
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      yield bytes.subarray(start, end)
      start = end + 1
    }
    rest = Buffer.from(bytes.subarray(start))
  }
  if (rest.length > 0) yield rest
}

function parse(path: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {
    throw new NotLineByLineError(path)
  }
}
