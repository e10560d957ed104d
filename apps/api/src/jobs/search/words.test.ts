import { describe, expect, it } from 'vitest'
import { askedWords, hasWords, SEARCHED_LENGTH, wordsOf } from './words.ts'

describe('wordsOf', () => {
  it.each([
    ['Once upon a TIME, once.', ['once', 'upon', 'a', 'time']],
    ['Ünïcode ﬁne ½ ΟΔΟΣ οδος İstanbul', ['unicode', 'fine', '1', '2', 'οδοσ', 'istanbul']],
    ['snake_case kebab-case a.b v2', ['snake', 'case', 'kebab', 'a', 'b', 'v2']],
    ['東京タワー 2026年', ['東', '京', 'タ', 'ワ', 'ー', '2026', '年']],
    ['สวัสดี', ['ส', 'ว', 'ด']],
    ['… \0 🙂 \ud83d', []],
    ['', []],
  ])('of %j are %j', (text, words) => {
    expect([...wordsOf(text)]).toEqual(words)
  })

  it('are the same however accents are encoded', () => {
    for (const text of ['Éric', 'E\u0301ric', 'eric']) expect([...wordsOf(text)]).toEqual(['eric'])
  })

  it('are cut, and no surrogate pair is', () => {
    expect([...wordsOf('x'.repeat(40))]).toEqual(['x'.repeat(32)])
    expect([...wordsOf(`x${'𐐨'.repeat(40)}`)]).toEqual([`x${'𐐨'.repeat(15)}`])
  })

  it('are those of the beginning of a long text', () => {
    expect(hasWords([`${' '.repeat(SEARCHED_LENGTH - 4)}last more`], ['last'])).toBe(true)
    expect(hasWords([`${' '.repeat(SEARCHED_LENGTH - 4)}last more`], ['more'])).toBe(false)
    const many = Array.from({ length: 6_000 }, (_, index) => `w${index}`).join(' ')
    expect(wordsOf(many).size).toBe(5_000)
  })
})

it('askedWords > leave out what another word begins with', () => {
  expect(askedWords('fo foo bar FOO ba')).toEqual(['foo', 'bar'])
})

it('hasWords > asks for each word in one of the texts', () => {
  expect(hasWords(['one two', 'three'], ['thr', 'tw'])).toBe(true)
  expect(hasWords(['one two', 'three'], ['thr', 'four'])).toBe(false)
  expect(hasWords([], ['a'])).toBe(false)
  expect(hasWords([], [])).toBe(false)
})
