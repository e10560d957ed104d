import { fileURLToPath } from 'node:url'
import { boundHeap } from './process/bound-heap.ts'
import { prepareBuiltCode } from './process/built-code.ts'

/** Relative to this file; the built file lies equally deep. */
const PLAYGROUND_FOLDER = fileURLToPath(new URL('../../web/dist', import.meta.url))

const isBuilt = import.meta.url.endsWith('.js')
if (isBuilt) prepareBuiltCode(fileURLToPath(new URL('.', import.meta.url)))
// Before the code of the server is loaded: loading it makes the young generation large, and it stays so.
boundHeap([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''])
const { runServer } = await import('./server.ts')
runServer({ playgroundFolder: PLAYGROUND_FOLDER })
