import { expect, it } from 'vitest'
import { dataOfUrl } from './data-url.ts'

it('reads the type and the bytes of a data URL, with or without parameters and padding', () => {
  expect(dataOfUrl('data:image/png;base64,AAAA')).toEqual({ mediaType: 'image/png', data: 'AAAA' })
  expect(dataOfUrl('DATA:Text/Plain; charset=utf-8;BASE64,QQ')).toEqual({ mediaType: 'text/plain', data: 'QQ==' })
})

it('reads nothing else', () => {
  for (const url of ['https://example.com/a.png', 'data:image/png,raw', 'data:', 'data:;base64', ''])
    expect(dataOfUrl(url), url).toBeUndefined()
})
