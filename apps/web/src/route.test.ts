import { describe, expect, it } from 'vitest'
import { hashOf, routeOf } from './route.ts'

describe('routeOf', () => {
  it('reads the jobs of a chat, at most four', () => {
    expect(routeOf('')).toEqual({ page: 'chat', ids: [] })
    expect(routeOf('#a,b')).toEqual({ page: 'chat', ids: ['a', 'b'] })
    expect(routeOf('#a%2Cb')).toEqual({ page: 'chat', ids: ['a', 'b'] })
    expect(routeOf('#a,b,c,d,e')).toEqual({ page: 'chat', ids: ['a', 'b', 'c', 'd'] })
    expect(routeOf(hashOf([]))).toEqual({ page: 'chat', ids: [] })
    expect(routeOf(hashOf(['x', 'y']))).toEqual({ page: 'chat', ids: ['x', 'y'] })
  })

  it('reads a new grid and one that exists', () => {
    expect(routeOf('#grid')).toEqual({ page: 'grid', id: undefined })
    expect(routeOf('#grid/1')).toEqual({ page: 'grid', id: '1' })
  })

  it('reads an address with a wrong escape as it is', () => {
    expect(routeOf('#%E0%A4%A')).toEqual({ page: 'chat', ids: ['%E0%A4%A'] })
  })
})
