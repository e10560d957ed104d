/** A text whose URLs have lost their user names and passwords, as in `redis://***@host`. Paths of files stay as they are. */
export function withoutCredentials(text: string): string {
  return text.replace(/\b((?!file:)[a-z][a-z\d+.-]*:\/\/)[^\s"'`]*@/gi, '$1***@')
}
