import { createRequire } from 'node:module'
import type { Cost, TokenUsage } from '@promptlab/contract'
import { isPrivateAddress } from '@promptlab/providers'
import type { MatchLogic, ModelInfo, Provider } from '@pydantic/genai-prices'

const require = createRequire(import.meta.url)

/**
 * Reads the table, at the first call: it is half a megabyte, takes 60 to 100 ms, and 12 MB of memory stay. It is read at once and
 * not imported, because nothing waits where a call is priced.
 */
function readTable(): typeof import('@pydantic/genai-prices') {
  return require('@pydantic/genai-prices')
}

/** The price of a model in the table. */
interface Found {
  /** The vendor with this model alone: to find a model among all takes longer than to price it. */
  readonly vendor: Provider
  /** Whether the table names the model. Otherwise its name only begins like that of a model in the table. */
  readonly isExact: boolean
}

/** Callers may choose names of models. */
const MAX_REMEMBERED = 1_000

/** The list prices of one vendor, from the table of `@pydantic/genai-prices`. */
export class ListPrices {
  readonly #vendor: Provider
  readonly #found = new Map<string, Found | undefined>()

  private constructor(vendor: Provider) {
    this.#vendor = vendor
  }

  /**
   * The prices of the vendor at an address. Undefined if the table does not know the address: another server may have
   * models of the same name. For an address of this machine or its network the table is not read.
   */
  static at(baseUrl: string): ListPrices | undefined {
    if (isPrivateAddress(baseUrl)) return undefined
    const vendor = readTable().findProvider({ providerApiUrl: baseUrl })
    return vendor && new ListPrices(vendor)
  }

  /**
   * @param at milliseconds since the epoch
   */
  costOf(model: string, usage: TokenUsage, at: number): Cost {
    const found = this.#find(model)
    if (!found) return { priced: 'unknown' }
    const { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0, reasoningTokens = 0 } = usage
    const cacheTokens = cachedInputTokens + cacheWriteTokens
    const tokens = {
      // The table's code throws if the input is less than its parts. Some vendors leave the caches out of the input.
      input_tokens: Math.max(inputTokens, cacheTokens),
      cache_read_tokens: cachedInputTokens,
      cache_write_tokens: cacheWriteTokens,
      output_tokens: outputTokens,
      output_reasoning_tokens: reasoningTokens,
    }
    const usd = usdOf(tokens, model, found.vendor, at)
    if (usd === undefined) return { priced: 'unknown' }
    return { usd, priced: found.isExact && cacheTokens <= inputTokens ? 'exact' : 'estimated' }
  }

  #find(model: string): Found | undefined {
    if (this.#found.has(model)) return this.#found.get(model)
    if (this.#found.size >= MAX_REMEMBERED) this.#found.clear()
    const result = priceOf({ input_tokens: 1, output_tokens: 1 }, model, this.#vendor, Date.now())
    const found = result && {
      vendor: { ...result.provider, models: [result.model] },
      isExact: names(result.model, model),
    }
    this.#found.set(model, found)
    return found
  }
}

type Tokens = Record<string, number>

/** Undefined if the table has no price for the model's text: it also has models for pictures and sound. */
function usdOf(tokens: Tokens, model: string, vendor: Provider, at: number): number | undefined {
  const result = priceOf(tokens, model, vendor, at)
  const { input_mtok: input, output_mtok: output } = result?.model_price ?? {}
  return input === undefined || output === undefined ? undefined : result?.total_price
}

function priceOf(tokens: Tokens, model: string, provider: Provider, at: number) {
  try {
    return readTable().calcPrice(tokens, model, { provider, timestamp: new Date(at) }) ?? undefined
  } catch {
    // A combination of tokens that the table does not price. That must not fail a job.
    return undefined
  }
}

/** Whether an entry of the table is about a model of exactly this name. */
function names({ id, match }: ModelInfo, model: string): boolean {
  const name = model.toLowerCase()
  return id.toLowerCase() === name || equals(match, name)
}

function equals(match: MatchLogic, name: string): boolean {
  if ('equals' in match) return match.equals.toLowerCase() === name
  return 'or' in match && match.or.some((each) => equals(each, name))
}
