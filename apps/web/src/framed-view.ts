import { onNextFrame } from './next-frame.ts'

/** What a part of the page shows, for `useSyncExternalStore`. It changes at most once a frame, however often it is set in the frame. */
export abstract class FramedView<View extends object> {
  readonly #listeners = new Set<() => void>()
  #forgetFrame: (() => void) | undefined
  #next: View
  #view: View

  constructor(view: View) {
    this.#next = view
    this.#view = view
  }

  readonly view = (): View => this.#view

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The view of the next frame. */
  protected get next(): View {
    return this.#next
  }

  protected set(change: Partial<View>): void {
    this.#next = { ...this.#next, ...change }
    this.#forgetFrame ??= onNextFrame(() => {
      this.#forgetFrame = undefined
      this.#view = this.#next
      for (const listener of this.#listeners) listener()
    })
  }

  /** Shows nothing of the next frame. */
  protected forget(): void {
    this.#forgetFrame?.()
    this.#forgetFrame = undefined
  }
}
