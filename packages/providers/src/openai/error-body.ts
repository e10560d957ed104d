import { parsedJson } from '../parsed-json.ts'
import { valueAt } from '../value-at.ts'

/** What the body of an error says. Servers use many forms. */
export interface ErrorBody {
  /** Whether the body is JSON. Otherwise it is a page, or words of a proxy. */
  readonly isJson: boolean
  /** The words of the body. They may quote a key. */
  readonly message: string
  /** The codes and types in the body, separated by blanks. */
  readonly names: string
  /** The HTTP status in the body, 400 to 599. */
  readonly status: number | undefined
  /** Whether a filter refused the prompt. */
  readonly isFlagged: boolean
}

/** Reads the body of an error: a text, or JSON that is parsed already. */
export function errorBodyOf(body: unknown): ErrorBody {
  const value = typeof body === 'string' ? parsedJson(body) : body
  if (typeof value !== 'object' || value === null) {
    return { isJson: false, message: String(value ?? body ?? ''), names: '', status: undefined, isFlagged: false }
  }
  // Gemini's compatible server answers with a list.
  const outer: unknown = Array.isArray(value) ? value[0] : value
  const error = valueAt(outer, 'error') ?? valueAt(outer, 'errors', 0) ?? outer
  const sources = error === outer ? [outer] : [error, outer]
  const names = sources.flatMap((source) => NAMES.map((name) => valueAt(source, name))).filter(isName)
  const known = `${names.join(' ')} ${valueAt(error, 'metadata', 'error_type') ?? ''}`.trim()
  return {
    isJson: true,
    message: messageOf(error) ?? messageOf(outer) ?? JSON.stringify(value),
    names: known,
    status: names.map(Number).find((status) => status >= 400 && status < 600),
    isFlagged:
      valueAt(error, 'metadata', 'flagged_input') !== undefined ||
      valueAt(error, 'innererror', 'content_filter_result') !== undefined ||
      /content_(?:policy|filter)|moderation|safety|flagged/i.test(known),
  }
}

const NAMES = ['code', 'type', 'status', 'status_code', 'error_code'] as const

function isName(value: unknown): value is string | number {
  return typeof value === 'string' || typeof value === 'number'
}

/** The first of the usual fields that has words. A validation error of FastAPI has a list of them. */
function messageOf(error: unknown): string | undefined {
  if (typeof error === 'string') return error || undefined
  for (const name of ['message', 'detail', 'msg', 'error_msg', 'error_message', 'error']) {
    const value = valueAt(error, name)
    if (typeof value === 'string' && value) return value
    if (Array.isArray(value) && value.length > 0) return value.map(issueText).join('; ')
    if (typeof value === 'object' && value !== null) return messageOf(value)
  }
  return undefined
}

function issueText(issue: unknown): string {
  const path = valueAt(issue, 'loc')
  const where = Array.isArray(path) ? `${path.filter((name) => name !== 'body').join('.')}: ` : ''
  return `${where}${messageOf(issue) ?? JSON.stringify(issue)}`
}
