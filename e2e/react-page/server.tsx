import { renderToString } from 'react-dom/server'
import { Page, type PageProps } from './page.tsx'

/** The page as HTML, as a server makes it. */
export function render(props: PageProps): string {
  return renderToString(<Page {...props} />)
}
