import type { Fallback, Fault, ProblemCode } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import type { JobRequest } from '../job.ts'
import { optionsFor } from '../options-for.ts'
import { checkProvider, type ProviderDeps } from './check-provider.ts'
import { capabilityFaults } from './check-request.ts'
import type { EarlierTurn } from './earlier-turns.ts'

/** Whom the operator wants to have asked when a model fails, by its name `provider/model`. */
export type OperatorFallbacks = ReadonlyMap<string, readonly Fallback[]>

export interface FallbackDeps extends ProviderDeps {
  /** For requests that name none. Default: none. */
  readonly fallbacks?: OperatorFallbacks | undefined
}

/**
 * Checks that each fallback of a request can do what the request asks, as its own provider must.
 * @param chain the jobs of the conversation before, oldest first
 * @throws ApiError `unknown-provider`, `unknown-model`, `unsupported-option`, `invalid-request`, with the path of each fault
 */
export function checkFallbacks(request: JobRequest, chain: readonly EarlierTurn[], deps: ProviderDeps): void {
  const { fallbacks = [] } = request
  const refusals = fallbacks.flatMap((fallback, index) => {
    const refusal = isRepeated(fallback, index, request) ? REPEATED : refusalOf(fallback, request, chain, deps)
    if (!refusal) return []
    return [{ ...refusal, faults: refusal.faults.map((fault) => at(`fallbacks[${index}]`, fault)) }]
  })
  const [first] = refusals
  if (!first) return
  const faults = refusals.flatMap((refusal) => refusal.faults)
  const sentences = faults.map(({ path, message }) => `${path}: ${/[.?]$/.test(message) ? message : `${message}.`}`)
  throw new ApiError(first.code, sentences.join(' '), { faults })
}

/**
 * The fallbacks that the operator names for the model of a request, without those that cannot do what it asks: its caller did
 * not ask for them.
 */
export function operatorFallbacks(request: JobRequest, chain: readonly EarlierTurn[], deps: FallbackDeps): Fallback[] {
  const { provider, model } = request
  const named = deps.fallbacks?.get(`${provider}/${model}`) ?? []
  return named.filter((fallback) => !refusalOf(fallback, request, chain, deps))
}

interface Refusal {
  readonly code: ProblemCode
  /** Their paths are those in the fallback. */
  readonly faults: readonly Fault[]
}

const REPEATED: Refusal = {
  code: 'invalid-request',
  faults: [{ path: '', message: 'Is asked before already. Name another provider or model' }],
}

function isRepeated({ provider, model }: Fallback, index: number, { fallbacks = [], ...own }: JobRequest): boolean {
  return [own, ...fallbacks.slice(0, index)].some((before) => before.provider === provider && before.model === model)
}

function refusalOf(
  fallback: Fallback,
  request: JobRequest,
  chain: readonly EarlierTurn[],
  deps: ProviderDeps,
): Refusal | undefined {
  try {
    const provider = checkProvider(fallback, deps)
    const faults = capabilityFaults({ ...request, options: optionsFor(request, fallback) }, chain, provider)
    return faults.length > 0 ? { code: 'unsupported-option', faults: faults.map(withPath) } : undefined
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    const { code, message } = error
    const path = code === 'unknown-model' ? '.model' : '.provider'
    // The caller chose a fallback that is not there. The server itself is well, so the status is not 503.
    return { code: code === 'provider-key-missing' ? 'invalid-request' : code, faults: [{ path, message }] }
  }
}

/** A fault of the fallback that says which part of the request it cannot keep. */
function withPath({ path, message }: Fault): Fault {
  const isNamed = message.includes(OPTION)
  return { path: '', message: isNamed ? message.replace(OPTION, path) : `${message} (${path})` }
}

/** As faults of options call what their path names. */
const OPTION = 'this option'

function at(fallback: string, { path, message }: Fault): Fault {
  return { path: fallback + path, message }
}
