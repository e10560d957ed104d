interface TokenAppender {
  append(jobId: string, piece: string, place: number, part: number, run: number): void
}

const places = new WeakMap<TokenAppender, Map<string, number>>()

/** Appends a token of a job's first run at the end of the text that was appended to this log so far. */
export function append(log: TokenAppender, jobId: string, token: string): void {
  const ofLog = places.get(log) ?? new Map<string, number>()
  places.set(log, ofLog)
  const place = ofLog.get(jobId) ?? 0
  ofLog.set(jobId, place + token.length)
  log.append(jobId, token, place, 0, 1)
}
