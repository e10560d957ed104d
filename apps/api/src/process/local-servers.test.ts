import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { expect, it, onTestFinished } from 'vitest'
import { readConfig } from '../config/config.ts'
import { findLocalServers } from './local-servers.ts'
import { offer } from './welcome.ts'

/** Ollama as it is configured, with another usual address. */
function candidate(usualUrl: string, env = {}) {
  return readConfig(env)
    .vendors.filter(({ vendor }) => vendor.name === 'ollama')
    .map(({ vendor, settings }) => ({ settings, vendor: { ...vendor, usualUrl } }))
}

async function startOllama() {
  const server = await startOpenAIVendor()
  onTestFinished(() => server.close())
  server.models = { status: 200, body: { data: [{ id: 'llama3.2:latest' }] } }
  return { server, url: server.url.replace('/v1', '') }
}

it('findLocalServers finds a server that answers at its usual address, which is offered', async () => {
  const { url } = await startOllama()
  const found = await findLocalServers(candidate(url))
  expect(found).toEqual([{ name: 'ollama', variable: 'OLLAMA_BASE_URL', url, modelCount: 1 }])
  const text = found.map(offer).join('')
  expect(text).toContain(`ollama answers on this machine, with 1 model. To use it, start again with`)
  expect(text).toContain(`OLLAMA_BASE_URL=${url}`)
})

it('findLocalServers asks no server that is switched on, and passes over what is no server of models', async () => {
  const { server, url } = await startOllama()
  expect(await findLocalServers(candidate(url, { OLLAMA_BASE_URL: url }))).toEqual([])
  expect(server.modelRequests).toEqual([])
  server.models = { status: 200, body: '<h1>Another program</h1>' }
  expect(await findLocalServers(candidate(url))).toEqual([])
  await server.close()
  expect(await findLocalServers(candidate(url))).toEqual([])
})
