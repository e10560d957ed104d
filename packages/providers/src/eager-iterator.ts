/**
 * An async iterator that may give values without a promise. A vendor sends many tokens in one piece of the network, and three
 * promises for each of them were a fifth of all garbage (docs/performance.md, `burst`).
 */
export interface EagerIterator<Value, End = unknown> extends AsyncIterator<Value, End, undefined> {
  /**
   * The next value, if it is here already. Undefined: ask `next`, which also tells of errors and of the end. Never call it while a
   * `next` is pending.
   */
  nextReady?(): Value | undefined
}
