import { useEffect, useSyncExternalStore } from 'react'

/** A part of the page's script that is loaded when something first needs it. */
export class LazyModule<Module> {
  readonly #load: () => Promise<Module>
  readonly #listeners = new Set<() => void>()
  #loading: Promise<void> | undefined
  #module: Module | undefined

  constructor(load: () => Promise<Module>) {
    this.#load = load
  }

  readonly module = (): Module | undefined => this.#module

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Loads the module unless it is there. After a failure, as without a network, the next call tries again. */
  async need(): Promise<void> {
    this.#loading ??= this.#load().then(
      (module) => {
        this.#module = module
        for (const listener of this.#listeners) listener()
      },
      () => {
        this.#loading = undefined
      },
    )
    await this.#loading
  }
}

/**
 * The module, once it has been loaded.
 * @param isNeeded whether to load it
 */
export function useLazyModule<Module>(lazy: LazyModule<Module>, isNeeded: boolean): Module | undefined {
  useEffect(() => {
    if (isNeeded) void lazy.need()
  }, [lazy, isNeeded])
  const module = useSyncExternalStore(lazy.subscribe, lazy.module, lazy.module)
  return isNeeded ? module : undefined
}
