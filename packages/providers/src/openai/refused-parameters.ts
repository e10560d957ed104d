import type { StyleChange } from './openai-connection.ts'
import type { RequestStyle } from './openai-request.ts'
import { TOKEN_LIMITS, type TokenLimit } from './token-limit.ts'

/**
 * Finds out whether a server refused a request because it does not know a parameter that we added, or knows it under
 * another name.
 * @param body the text of an answer with status 400 or 422
 * @param sent the request
 * @returns undefined if the request was refused for another reason, which is the caller's
 */
export function changeFor(body: string, sent: object, style: RequestStyle): StyleChange<RequestStyle> | undefined {
  // A value that is out of range is the caller's, also if its parameter is named.
  if (!UNKNOWN.test(body) || OUT_OF_RANGE.test(body)) return undefined
  if (style.hasStreamOptions && /\bstream_options\b|\binclude_usage\b/.test(body)) {
    return {
      style: { ...style, hasStreamOptions: false },
      notice: 'does not take stream_options: usage may be missing in its answers',
    }
  }
  const { tokenLimit } = style
  if (!(tokenLimit in sent) || !new RegExp(`\\b${tokenLimit}\\b`).test(body)) return undefined
  const other = otherLimit(tokenLimit)
  return { style: { ...style, tokenLimit: other }, notice: `takes ${other} in place of ${tokenLimit}` }
}

function otherLimit(name: TokenLimit): TokenLimit {
  return TOKEN_LIMITS.find((other) => other !== name) ?? name
}

const UNKNOWN =
  /unsupported|not (?:supported|permitted|allowed|recogni[sz]ed|accepted)|un(?:known|recogni[sz]ed|expected)|extra[_ ](?:inputs?|fields?|forbidden)|(?:does not|doesn't) (?:support|accept|exist)|invalid (?:parameter|argument|field)|no such (?:parameter|field)/i
const OUT_OF_RANGE = /too (?:large|high|big|many|small|low|long)|at (?:most|least)|exceed|(?:greater|less) than|range/i
