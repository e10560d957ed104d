/**
 * Writes a text to the clipboard.
 * @returns what happened, in words for screen readers
 */
export async function copyText(text: string, what: string): Promise<string> {
  // `navigator.clipboard` is undefined in pages that were loaded over plain HTTP.
  const isCopied = await (navigator.clipboard?.writeText(text).then(
    () => true,
    () => false,
  ) ?? false)
  return isCopied ? `${what} copied.` : 'The browser did not let the page copy. Select the text and copy it yourself.'
}
