import { callEach } from './call-each.ts'
import { onNextFrame } from './next-frame.ts'

/** A value for `useSyncExternalStore`. It changes at most once a frame, however often it is set in the frame. */
export abstract class FramedStore<View extends object> {
  readonly #listeners = new Set<() => void>()
  #forgetFrame: (() => void) | undefined
  #next: View
  #view: View

  constructor(view: View) {
    this.#next = view
    this.#view = view
  }

  /** What is shown now. The same object until it changes. */
  readonly view = (): View => this.#view

  /** @returns removes the listener */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    if (this.#next !== this.#view) this.#showNext()
    return () => this.#listeners.delete(listener)
  }

  /** The view of the next frame. */
  protected get next(): View {
    return this.#next
  }

  protected set(change: Partial<View>): void {
    this.#next = { ...this.#next, ...change }
    this.#showNext()
  }

  /** Leaves the view as it is until the next change, or until somebody subscribes again. */
  protected forget(): void {
    this.#forgetFrame?.()
    this.#forgetFrame = undefined
  }

  #showNext(): void {
    this.#forgetFrame ??= onNextFrame(() => {
      this.#forgetFrame = undefined
      this.#view = this.#next
      callEach([...this.#listeners])
    })
  }
}
