import type { ServerResponse } from 'node:http'
import { openAIFrames } from '../vendor/openai-frames.ts'
import { sampleTokens } from '../vendor/sample-text.ts'
import type { Script } from '../vendor/script.ts'

/** An answer that is being sent. */
interface OpenAnswer {
  readonly response: ServerResponse
  /** What is to be sent, from the last write to the first. */
  readonly writes: string[]
}

const open = new Map<number, OpenAnswer>()

/** Ends the text of a bundle: the client knows by it that the bundle has arrived. */
export function bundleMark(bundle: number): string {
  return ` ~${bundle}~`
}

/** The tokens of an answer, in bundles of those that leave in one write. The last token of a bundle is its mark. */
export function lockStepBundles(seed: number, tokens: number, tokensAtOnce: number): string[][] {
  const all = sampleTokens(seed, tokens)
  return Array.from({ length: Math.ceil(tokens / tokensAtOnce) }, (_, bundle) => [
    ...all.slice(bundle * tokensAtOnce, (bundle + 1) * tokensAtOnce).slice(0, -1),
    bundleMark(bundle),
  ])
}

/** Begins an answer with its first bundle. */
export function beginAnswer({ seed, tokens, lockStep }: Script, response: ServerResponse): void {
  if (!lockStep) throw new Error('A script in lock-step is needed')
  const bundles = lockStepBundles(seed, tokens, lockStep.tokensAtOnce)
  const { start, end } = openAIFrames([])
  const writes = bundles.map((bundle) => openAIFrames(bundle).tokens.join(''))
  // The end leaves with the last bundle, as a vendor sends it that has nothing more to say.
  writes.push((writes.pop() ?? '') + end)
  open.set(lockStep.stream, { response, writes: writes.toReversed() })
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.write(start)
  sendNext(lockStep.stream)
}

/** Sends the next bundle of an answer, if there is one. */
export function sendNext(stream: number): void {
  const answer = open.get(stream)
  const bundle = answer?.writes.pop()
  if (!answer || bundle === undefined) return
  if (answer.writes.length > 0) {
    answer.response.write(bundle)
    return
  }
  answer.response.end(bundle)
  open.delete(stream)
}
