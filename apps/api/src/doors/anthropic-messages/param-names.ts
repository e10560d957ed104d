/** The parameters of a request that the paths of its job stand for. */
export class ParamNames {
  readonly #params = new Map<string, string>()

  /** @param path of the job, which stands for the parameter with all that is in it */
  add(path: string, param: string): void {
    this.#params.set(path, param)
  }

  /** The parameter of the longest known beginning of a path, with the rest of the path. An unknown path stays as it is. */
  of(path: string): string {
    for (let known = path; known !== ''; known = parentOf(known)) {
      const param = this.#params.get(known)
      if (param !== undefined) return param + path.slice(known.length)
    }
    return path
  }
}

/** `messages[2].content` of `messages[2].content[0]`; empty at the root. */
function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('.'), path.lastIndexOf('[')))
}
