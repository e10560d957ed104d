import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startServer } from '../support/test-server.ts'

async function newPage(): Promise<string> {
  const folder = await temporaryFolder()
  await mkdir(join(folder, 'assets'))
  await writeFile(join(folder, 'index.html'), '<!doctype html><title>Page</title>')
  await writeFile(join(folder, 'assets/main-1a2b.js'), 'start()')
  return folder
}

describe('the playground', () => {
  it('is served without a key, because the page asks for it', async () => {
    const env = { API_KEYS: `alice:${'k'.repeat(32)}` }
    const { url } = await startServer({ env, config: { playgroundFolder: await newPage() } })
    const page = await fetch(url)
    expect([page.status, await page.text()]).toEqual([200, '<!doctype html><title>Page</title>'])
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
    expect(page.headers.get('cache-control')).toBe('no-cache')
    const script = await fetch(`${url}/assets/main-1a2b.js`)
    expect([script.status, script.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
    expect((await fetch(`${url}/jobs`)).status).toBe(401)
  })

  it('is not in the OpenAPI document', async () => {
    const { url } = await startServer({ config: { playgroundFolder: await newPage() } })
    const { paths } = JSON.parse(await (await fetch(`${url}/openapi.json`)).text())
    expect(Object.keys(paths)).toContain('/jobs')
    expect(Object.keys(paths).filter((path) => path === '/' || path.includes('assets'))).toEqual([])
  })

  it('serves no files outside its folder', async () => {
    const { url } = await startServer({ config: { playgroundFolder: await newPage() } })
    for (const path of [
      '/../package.json',
      '/%2e%2e/package.json',
      '/assets',
      '/index.htm',
      '/assets/..%2f..%2fetc/passwd',
    ]) {
      expect((await fetch(url + path)).status, path).toBeGreaterThanOrEqual(400)
    }
  })
})
