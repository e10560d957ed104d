import { expect, it } from 'vitest'
import { loadAdapter } from './load-adapter.ts'

// A variable, so that neither the compiler nor the bundler looks for the package.
const missing: string = 'promptlab-driver-that-nobody-has'

it('loads the adapter on a Node.js that is new enough', async () => {
  expect(await loadAdapter('SQLite', async () => 'adapter', '22.15.0')).toBe('adapter')
  expect(await loadAdapter('SQLite', async () => 'adapter', '24.0.0')).toBe('adapter')
})

it.each(['20.20.2', '22.14.0'])('says that Node.js %s is too old, before it loads anything', async (version) => {
  const load = () => Promise.reject(new Error('loaded'))
  const error = `SQLite needs Node.js ≥ 22.15, and this is ${version}. Update Node.js.`
  await expect(loadAdapter('SQLite', load, version)).rejects.toThrow(error)
})

it('names a package that is not installed, and leaves other errors as they are', async () => {
  const notFound = Object.assign(new Error(`Cannot find package '${missing}' imported from /a/b.js`), {
    code: 'ERR_MODULE_NOT_FOUND',
  })
  const load = () => Promise.reject(notFound)
  await expect(loadAdapter('Redis', load)).rejects.toThrow(`Redis needs the package ${missing}, which is not installed`)
  const broken = new Error('broken')
  await expect(loadAdapter('Redis', () => Promise.reject(broken))).rejects.toBe(broken)
})
