import { ScriptedProvider } from '@promptlab/api/testing'

/** A provider of conversations: it says `Half`, waits for the gate of the turn, if there is one, and then says ` whole`. */
export class TurnsProvider extends ScriptedProvider {
  readonly capabilities = {
    messages: true,
    options: [],
    responseFormats: [],
    imageTypes: [],
    fileTypes: [],
    urls: false,
  } as const
  readonly #gates: readonly Promise<unknown>[]

  /** @param gates of the first call, the second one, and so on */
  constructor(...gates: readonly Promise<unknown>[]) {
    super([])
    this.#gates = gates
  }

  override complete(...request: Parameters<ScriptedProvider['complete']>) {
    const gate = this.#gates[this.calls++] ?? Promise.resolve()
    return new ScriptedProvider(['Half', gate, ' whole']).complete(...request)
  }
}
