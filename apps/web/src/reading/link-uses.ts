import type { Token } from 'marked'

const LABEL = /\[((?:\\[\s\S]|[^[\]\\])+)\]/g

/**
 * Which blocks a link definition can change: those with its name in brackets, whether or not a link of that name is defined. It may name
 * a block too many, as after two different continuations of one text, but none too few.
 */
export class LinkUses {
  readonly #blocks = new Map<string, Set<number>>()

  /** @param first the index of the first of these blocks */
  add(blocks: readonly Token[], first: number): void {
    for (const [at, { raw }] of blocks.entries()) {
      if (!raw.includes('[')) continue
      for (const [, label = ''] of raw.matchAll(LABEL)) {
        const name = nameOf(label)
        const indexes = this.#blocks.get(name) ?? new Set()
        this.#blocks.set(name, indexes.add(first + at))
      }
    }
  }

  /** The indexes of the blocks that use one of these links. */
  of(names: readonly string[]): Set<number> {
    return new Set(names.flatMap((name) => [...(this.#blocks.get(name) ?? [])]))
  }
}

/** As the parser compares names. A name over two lines of a quotation has the mark of the quotation between them. */
function nameOf(label: string): string {
  const words = label.replaceAll(/\n[ \t>]*/g, ' ').trim()
  return words.replaceAll(/\s+/g, ' ').toLowerCase().toUpperCase().toLowerCase()
}
