/** More models are not remembered: some servers take any name. */
const MAX_MODELS = 1_000

/** How a server wants requests, by model: what it refused is not sent to it again. */
export class StyleMemory<Style> {
  readonly #usualOf: (model: string) => Style
  readonly #styles = new Map<string, Style>()

  /** @param usualOf the style of a model before anything was refused */
  constructor(usualOf: (model: string) => Style) {
    this.#usualOf = usualOf
  }

  of(model: string): Style {
    return this.#styles.get(model) ?? this.#usualOf(model)
  }

  /** Whether the model is known to want this style. */
  has(model: string, style: Style): boolean {
    return JSON.stringify(this.#styles.get(model)) === JSON.stringify(style)
  }

  remember(model: string, style: Style): void {
    const [oldest] = this.#styles.keys()
    if (oldest !== undefined && this.#styles.size >= MAX_MODELS) this.#styles.delete(oldest)
    this.#styles.set(model, style)
  }
}
