/**
 * What the server uses of the language and Node.js 20 lacks. Only the package runs on such a version: the repository and the
 * image bring their own Node.js. A program imports this file before any other.
 */
Promise.withResolvers ??= withResolvers
Map.groupBy ??= groupBy

function withResolvers<T>(): PromiseWithResolvers<T> {
  let settle: Pick<PromiseWithResolvers<T>, 'resolve' | 'reject'> | undefined
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  // The function above has been called when the constructor returns.
  if (!settle) throw new TypeError('A promise has no functions that settle it')
  return { promise, ...settle }
}

function groupBy<Key, Item>(items: Iterable<Item>, keyOf: (item: Item, index: number) => Key): Map<Key, Item[]> {
  const groups = new Map<Key, Item[]>()
  let index = 0
  for (const item of items) {
    const key = keyOf(item, index++)
    const group = groups.get(key)
    if (group) group.push(item)
    else groups.set(key, [item])
  }
  return groups
}

// A module, so that it can be imported by its effect.
export {}
