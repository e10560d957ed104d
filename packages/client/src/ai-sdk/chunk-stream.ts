/**
 * A stream that asks for an item only when it is read.
 * @param onCancel called when the reader leaves
 * @param errorOf the error that the reader gets for an error of the items
 */
export function streamOf<Item>(
  items: AsyncGenerator<Item, void>,
  onCancel: () => void,
  errorOf: (error: unknown) => unknown = (error) => error,
): ReadableStream<Item> {
  return new ReadableStream<Item>({
    async pull(controller) {
      try {
        const { done, value } = await items.next()
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (error) {
        controller.error(errorOf(error))
      }
    },
    cancel: onCancel,
  })
}
