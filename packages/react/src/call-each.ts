/**
 * Calls all of them, also when some throw: a listener with a fault must not keep the others from what has changed.
 * @throws the first error, once all are called
 */
export function callEach(callbacks: Iterable<() => void>): void {
  const errors: unknown[] = []
  for (const callback of callbacks) {
    try {
      callback()
    } catch (error) {
      errors.push(error)
    }
  }
  if (errors.length > 0) throw errors[0]
}
