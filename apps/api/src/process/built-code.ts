import module from 'node:module'
import { join } from 'node:path'

/**
 * Says how Node.js loads what `pnpm build` made. Call it before that is imported. What an older Node.js cannot do is left out.
 * @param folder of the built files
 */
export function prepareBuiltCode(folder: string): void {
  // Stack traces name the places of the sources. The option --enable-source-maps would read the maps of all packages, too: a tenth
  // of the start.
  if (module.setSourceMapsSupport) module.setSourceMapsSupport(true, { nodeModules: false })
  else process.setSourceMapsEnabled(true)
  // A quarter of the start is to compile code, so it is kept compiled. Where the folder cannot be written, nothing is kept.
  module.enableCompileCache?.(join(folder, '.compile-cache'))
}

/** Keeps the code that was compiled so far. Node.js does it when a process exits, but never for one that is killed. */
export function keepCompiledCode(): void {
  module.flushCompileCache?.()
}
