import { JobOptions } from '@promptlab/contract'
import {
  type CompletionOptions,
  type CompletionPiece,
  type CompletionSummary,
  type LLMProvider,
  PROMPT_ONLY,
  type ProviderCapabilities,
} from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { ProviderError } from '../provider-error.ts'
import type { ReplaySettings } from '../vendor.ts'
import { differences, inWords } from './differences.ts'
import { FixtureFolder, type PlayableFixture } from './fixture-folder.ts'
import { playFixture, type ReplayTimer, systemTimer } from './play-fixture.ts'
import { type RequestShape, shapeKey, shapeOfCall } from './request-shape.ts'

/** Whatever a vendor was asked may have been recorded. */
const EVERYTHING: ProviderCapabilities = {
  messages: true,
  options: JobOptions.keyof().options,
  reservedFields: [],
  imageTypes: ['image/png', 'image/jpeg', 'image/gif', 'image/webp'],
  fileTypes: ['application/pdf', 'text/plain', 'text/markdown', 'text/csv', 'application/json'],
  urls: true,
}

export interface ReplayOptions extends ReplaySettings {
  readonly name: string
  /** Stands in for the provider of this name: plays only its fixtures, and takes what it takes. Left out: plays all fixtures. */
  readonly standsFor?: LLMProvider
  /** Called with a sentence for the operator's log about each file that cannot be played. */
  readonly onNotice?: ((notice: string) => void) | undefined
  /** Default: the system's. */
  readonly timer?: ReplayTimer
}

/** So many files that cannot be played are named in an error. The log has all of them. */
const NAMED_FAULTS = 4

/** Plays recorded answers for requests that are equal to recorded ones. It needs no key and no network. */
export class ReplayProvider implements LLMProvider {
  readonly name: string
  readonly capabilities: ProviderCapabilities
  readonly #options: ReplayOptions
  readonly #folder: FixtureFolder | undefined
  readonly #told = new Set<string>()

  constructor(options: ReplayOptions) {
    this.name = options.name
    this.capabilities = options.standsFor ? (options.standsFor.capabilities ?? PROMPT_ONLY) : EVERYTHING
    this.#options = options
    this.#folder = options.folder === undefined ? undefined : new FixtureFolder(options.folder)
    // `replay` itself tells at the start what all of them cannot read.
    if (options.standsFor) for (const notice of this.#unread()) this.#told.add(notice)
    this.#tell()
  }

  /** Those of the fixtures that are there now. */
  get models(): readonly string[] {
    this.#folder?.refresh()
    return [...new Set(this.#fixtures().map(([, { fixture }]) => fixture.request.model))]
  }

  async *complete(
    prompt: string | readonly Message[],
    options: CompletionOptions,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    const { signal } = options
    signal.throwIfAborted()
    this.#folder?.refresh()
    this.#tell()
    const shape = shapeOfCall(prompt, options)
    const key = shapeKey(shape)
    const fixtures = this.#fixtures()
    const found = fixtures.find(([, playable]) => playable.key === key)
    if (!found) throw this.#refusal(shape, fixtures)
    const [, playable] = found
    playable.calls++
    const { speed, timer = systemTimer } = this.#options
    return yield* playFixture(playable.fixture, { provider: this.name, speed, call: playable.calls, timer, signal })
  }

  #fixtures(): (readonly [string, PlayableFixture])[] {
    const { standsFor, others = [] } = this.#options
    const isPlayed = (provider: string) => (standsFor ? provider === standsFor.name : !others.includes(provider))
    return [...(this.#folder?.fixtures ?? [])].filter(([, { fixture }]) => isPlayed(fixture.request.provider))
  }

  #tell(): void {
    for (const notice of [...this.#unread(), ...this.#unplayed()]) {
      if (!this.#told.has(notice)) this.#options.onNotice?.(notice)
      this.#told.add(notice)
    }
  }

  #unread(): string[] {
    return (this.#folder?.faults ?? []).map((fault) => `could not read a fixture: ${fault}`)
  }

  /** Of two fixtures with one request, only the first is ever played. */
  *#unplayed(): Generator<string> {
    const first = new Map<string, string>()
    for (const [file, { key, fixture }] of this.#fixtures()) {
      const request = `${fixture.request.provider} ${key}`
      const other = first.get(request)
      if (other === undefined) first.set(request, file)
      else yield `a fixture is never played: ${file} has the same request as ${other}`
    }
  }

  #refusal(shape: RequestShape, fixtures: readonly (readonly [string, PlayableFixture])[]): ProviderError {
    const [nearest] = fixtures
      .map(([file, playable]) => ({ file, paths: differences(shape, playable.shape) }))
      .sort((a, b) => a.paths.length - b.paths.length)
    const difference = nearest
      ? `; the nearest, ${nearest.file}, differs in ${inWords(nearest.paths)}`
      : ': the folder has none for this provider'
    const faults = this.#folder?.faults ?? []
    const unread = faults.length > 0 ? `. Not read: ${firstOf(faults)}` : ''
    const sentence = `${this.name}: no fixture for this request${difference}${unread}.`
    return new ProviderError(sentence, { code: 'provider-rejected', sentence })
  }
}

function firstOf(faults: readonly string[]): string {
  const rest = faults.length - NAMED_FAULTS
  return [...faults.slice(0, NAMED_FAULTS), ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ')
}
