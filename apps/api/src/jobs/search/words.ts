/** The part of a text that is searched, in UTF-16 code units. */
export const SEARCHED_LENGTH = 200_000
/** The most different words of a text. PostgreSQL keeps no more than a megabyte of words for a job, which has two texts. */
const MAX_WORDS = 5_000
/** Longer words are cut, in UTF-16 code units. */
const MAX_WORD_LENGTH = 32

const ASCII = /^\p{ASCII}*$/u
const ASCII_WORDS = /[a-z0-9]+/g
const MARKS = /\p{M}+/gu
let madePattern: RegExp | undefined

/**
 * The different words of a text, for the search: lower case, without accents and other combining marks. All stores search these
 * words, so that they find the same jobs. Words have letters and digits only.
 */
export function wordsOf(text: string): Set<string> {
  const words = new Set<string>()
  for (const word of allWords(text)) {
    if (words.size === MAX_WORDS) break
    words.add(cut(word))
  }
  return words
}

/** The words that a search asks for. A word that another one begins with is left out. */
export function askedWords(search: string): string[] {
  const words = [...wordsOf(search)]
  return words.filter((word) => !words.some((other) => other !== word && other.startsWith(word)))
}

/** Whether some texts have all words, each as the beginning of a word in one of them. */
export function hasWords(texts: readonly string[], asked: readonly string[]): boolean {
  const missing = new Set(asked)
  for (const text of texts) {
    for (const word of wordsOf(text)) {
      for (const beginning of missing) if (word.startsWith(beginning)) missing.delete(beginning)
      if (missing.size === 0) return true
    }
  }
  return false
}

function allWords(text: string): readonly string[] {
  const searched = text.slice(0, SEARCHED_LENGTH)
  return ASCII.test(searched)
    ? (searched.toLowerCase().match(ASCII_WORDS) ?? [])
    : (foldedText(searched).match(wordPattern()) ?? [])
}

/**
 * A run of letters and digits. Scripts that write no spaces between words have words of one character. The pattern is made when it is
 * first needed: that takes 20 ms.
 */
function wordPattern(): RegExp {
  madePattern ??=
    /[[\p{L}\p{N}]&&[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}]]|[[\p{L}\p{N}]--[\p{scx=Han}\p{scx=Hira}\p{scx=Kana}\p{scx=Bopo}\p{scx=Thai}\p{scx=Laoo}\p{scx=Khmr}\p{scx=Mymr}\p{scx=Tibt}]]+/gv
  return madePattern
}

function foldedText(text: string): string {
  // The lower case of a letter may have marks of its own, and that of Σ depends on its place in the word.
  return text.normalize('NFKD').toLowerCase().normalize('NFKD').replace(MARKS, '').replaceAll('ς', 'σ')
}

/** Never cuts a surrogate pair. */
function cut(word: string): string {
  if (word.length <= MAX_WORD_LENGTH) return word
  const isPairCut = (word.codePointAt(MAX_WORD_LENGTH - 1) ?? 0) > 0xffff
  return word.slice(0, isPairCut ? MAX_WORD_LENGTH - 1 : MAX_WORD_LENGTH)
}
