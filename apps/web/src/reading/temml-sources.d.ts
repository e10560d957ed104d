/** Temml's sources. The bundle that the package offers first has extensions for chemistry and physics, which are 10 KB more. */
declare module 'temml/temml.js' {
  import type { Options } from 'temml'

  const temml: {
    /** The tree of a formula, from which Temml itself makes elements or text. */
    readonly __renderToMathMLTree: (tex: string, options: Options) => unknown
  }
  // biome-ignore lint/style/noDefaultExport: Temml has no other
  export default temml
}
