import type { ProviderInfo } from '@promptlab/contract'
import { type ModelList, type ProviderEntry, ProviderError, type ProviderRegistry } from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'

interface ModelListsDeps {
  readonly providers: ProviderRegistry
  readonly clock: Clock
  readonly logger: Logger
  /** How often each vendor is asked, in milliseconds. Undefined: never. */
  readonly refreshMs: number | undefined
}

/** What a vendor has told. */
interface Told {
  readonly list: ModelList
  /** From the steady clock, in milliseconds. */
  readonly atMs: number
}

/** How long a vendor may take to tell its models, in milliseconds. */
const TIMEOUT_MS = 10_000
/** A list that is older than so many refreshes may lack a model that is new. */
const FRESH_REFRESHES = 3

/**
 * The models of each provider: those that the operator names, or else those that the vendor told last. Vendors are asked
 * in the background, so no request waits for one. An answer is kept until the next one, also while its vendor is away.
 */
export class ModelLists {
  readonly #deps: ModelListsDeps
  readonly #told = new Map<string, Told>()
  /** The providers that did not tell when they were asked last. It is logged once for each time that they are away. */
  readonly #silent = new Set<string>()
  /** The providers that are being asked, or were asked at least once. */
  readonly #asked = new Set<string>()
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined

  constructor(deps: ModelListsDeps) {
    this.#deps = deps
  }

  /** Asks every configured vendor now, and again each `refreshMs`. */
  start(): void {
    const { refreshMs } = this.#deps
    if (refreshMs === undefined) return
    void this.refresh()
    this.#timer = setInterval(() => void this.refresh(), refreshMs).unref()
  }

  /** Ends the questions that are open. */
  stop(): void {
    clearInterval(this.#timer)
    this.#stop.abort()
  }

  /** Asks every configured vendor once. Never rejects: a vendor that does not answer keeps its last list. */
  async refresh(): Promise<void> {
    await Promise.all(this.#deps.providers.shown.map((entry) => this.#ask(entry)))
  }

  /** Every provider in the form of `GET /providers`. */
  list(): ProviderInfo[] {
    return this.#deps.providers.list().map((info) => {
      const shown = this.#modelsOf(info.name)
      return { ...info, ...shown, ...capabilitiesOf(shown.models, this.#told.get(info.name)?.list) }
    })
  }

  /**
   * Whether a job may name this model.
   * @returns undefined if it may; otherwise the models that it may name
   */
  refusalOf(entry: ProviderEntry, model: string): readonly string[] | undefined {
    const { name, models } = entry.provider
    if (entry.naming === 'any' || models.includes(model)) return undefined
    if (isListed(entry)) return models
    const told = this.#toldBy(name)
    if (!told || !this.#isFresh(told) || !told.list.isWhole) return undefined
    const { list } = told
    return list.models.includes(model) || list.others.includes(model) ? undefined : list.models
  }

  /** Whether a model is one that the operator or the vendor names. */
  isKnown(name: string, model: string): boolean {
    const told = this.#told.get(name)?.list
    const named = this.#deps.providers.find(name)?.provider.models ?? []
    return named.includes(model) || (told !== undefined && (told.models.includes(model) || told.others.includes(model)))
  }

  #modelsOf(name: string): Pick<ProviderInfo, 'models' | 'modelList'> {
    const entry = this.#deps.providers.find(name)
    const { naming = 'listed' } = entry ?? {}
    const models = [...(entry?.provider.models ?? [])]
    const told = this.#toldBy(name)
    if (!told || naming === 'listed' || (naming === 'any' && models.length > 0)) {
      const source = naming === 'vendor' ? 'default' : 'settings'
      return { models, modelList: { source, anyName: entry !== undefined && !isListed(entry) } }
    }
    const ageSeconds = Math.floor((this.#deps.clock.elapsed() - told.atMs) / 1000)
    const anyName = naming === 'any' || !told.list.isWhole || !this.#isFresh(told)
    return { models: [...told.list.models], modelList: { source: 'vendor', ageSeconds, anyName } }
  }

  /** What the vendor told last. A provider whose key has just appeared is asked, but not waited for. */
  #toldBy(name: string): Told | undefined {
    const entry = this.#timer && !this.#asked.has(name) ? this.#deps.providers.find(name) : undefined
    if (entry) void this.#ask(entry)
    return this.#told.get(name)
  }

  #isFresh({ atMs }: Told): boolean {
    return this.#deps.clock.elapsed() - atMs <= FRESH_REFRESHES * (this.#deps.refreshMs ?? 0)
  }

  async #ask({ provider, missing, naming = 'listed', isHidden }: ProviderEntry): Promise<void> {
    const { name } = provider
    if (naming === 'listed' || !provider.listModels || isHidden || (missing?.() ?? []).length > 0) return
    this.#asked.add(name)
    try {
      const list = await provider.listModels(AbortSignal.any([this.#stop.signal, AbortSignal.timeout(TIMEOUT_MS)]))
      this.#told.set(name, { list, atMs: this.#deps.clock.elapsed() })
      this.#silent.delete(name)
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#log(name, error)
    }
  }

  #log(provider: string, error: unknown): void {
    const { logger } = this.#deps
    const details = error instanceof ProviderError ? detailsOf(error) : {}
    if (!this.#silent.has(provider)) logger.warn({ provider, ...details }, 'could not ask the provider for its models')
    this.#silent.add(provider)
  }
}

/**
 * Whether jobs may name the models in `models` only. While a provider is not configured its jobs are refused anyway, so
 * its default counts.
 */
function isListed({ provider, naming = 'listed', missing }: ProviderEntry): boolean {
  const isMissing = (missing?.() ?? []).length > 0
  return naming === 'listed' || (naming === 'vendor' && provider.models.length > 0 && isMissing)
}

/**
 * What the vendor says that these models can do. It is only shown, and no job is refused for it, because the lists of
 * vendors lag and differ from what the vendors take.
 */
function capabilitiesOf(models: readonly string[], told?: ModelList): Pick<ProviderInfo, 'modelCapabilities'> {
  const found = models.flatMap((model) => {
    const capabilities = told?.capabilities?.get(model)
    return capabilities ? [[model, capabilities] as const] : []
  })
  return found.length > 0 ? { modelCapabilities: Object.fromEntries(found) } : {}
}

/** The vendor's words cannot quote a prompt: there was none. */
function detailsOf({ code, status, address, words }: ProviderError) {
  return { code, status, address, vendorWords: words }
}
