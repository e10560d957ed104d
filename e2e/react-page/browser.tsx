import { createRoot, hydrateRoot } from 'react-dom/client'
import { Page } from './page.tsx'

const parameters = new URLSearchParams(location.search)
const root = document.getElementById('root')
if (!root) throw new Error('The page has no root.')
const id = location.hash.slice(1) || parameters.get('id') || undefined
const page = <Page client={parameters.get('api') ?? ''} probe={parameters.get('probe') ?? ''} id={id} />
if (root.hasChildNodes()) hydrateRoot(root, page)
else createRoot(root).render(page)
