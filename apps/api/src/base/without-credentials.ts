/** A text whose URLs have lost their user names and passwords, as in `redis://***@host`. */
export function withoutCredentials(text: string): string {
  return text.replace(/\b([a-z][a-z\d+.-]*:\/\/)[^\s"'`]*@/gi, '$1***@')
}
