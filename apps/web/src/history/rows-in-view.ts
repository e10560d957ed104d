/** The rows that are in view, from the top. */
export function rowsInView(list: Element): Element[] {
  const { top, bottom } = list.getBoundingClientRect()
  const isInView = (element: Element) => {
    const rectangle = element.getBoundingClientRect()
    return rectangle.bottom > top && rectangle.top < bottom
  }
  // By chunks first: to ask a row for its place makes the browser lay its chunk out.
  return [...list.querySelectorAll('ul')].filter(isInView).flatMap((chunk) => [...chunk.children].filter(isInView))
}
