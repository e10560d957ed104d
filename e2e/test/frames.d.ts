// Functions of browsers that `@promptlab/react` calls where they exist. Node.js has none of them.
declare function requestAnimationFrame(callback: () => void): number
declare function cancelAnimationFrame(frame: number): void
