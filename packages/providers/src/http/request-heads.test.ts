import { describe, expect, it } from 'vitest'
import { RequestHeads } from './request-heads.ts'

describe('RequestHeads', () => {
  it('lets the SDK build a head once for each path, and again when a header has changed', async () => {
    const heads = new RequestHeads()
    let builds = 0
    const ask = (path: string, token: string) =>
      heads.of(path, { token }, async () => {
        builds += 1
        return { url: `http://vendor${path}`, req: { headers: new Headers({ Authorization: 'k', 'X-Token': token }) } }
      })
    const first = await ask('/a', '1')
    expect(first).toEqual({ url: new URL('http://vendor/a'), headers: { authorization: 'k', 'x-token': '1' } })
    expect([await ask('/a', '1'), builds]).toEqual([first, 1])
    expect([(await ask('/b', '1')).url.pathname, builds]).toEqual(['/b', 2])
    expect([(await ask('/a', '2')).headers['x-token'], builds]).toEqual(['2', 3])
    expect([(await ask('/a', '1')).headers['x-token'], builds]).toEqual(['1', 4])
  })
})
