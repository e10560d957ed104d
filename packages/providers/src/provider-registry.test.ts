import { describe, expect, it } from 'vitest'
import { EchoProvider } from './echo/echo-provider.ts'
import { PROMPT_ONLY } from './llm-provider.ts'
import { OpenAIProvider } from './openai/openai-provider.ts'
import { ProviderRegistry } from './provider-registry.ts'

const echo = { provider: new EchoProvider({ delayMs: 0 }) }

describe('ProviderRegistry', () => {
  it('finds the providers that it was given, in their order, and no other', () => {
    const openai = { provider: new OpenAIProvider({ apiKey: () => undefined, models: ['m'] }) }
    const registry = new ProviderRegistry([openai, echo])
    expect(registry.names).toEqual(['openai', 'echo'])
    expect(registry.find('echo')).toBe(echo)
    for (const name of ['__proto__', 'constructor', 'toString', '']) expect(registry.find(name)).toBeUndefined()
  })

  it('looks up the missing variables each time', () => {
    const missing = ['OPENAI_API_KEY']
    const provider = new OpenAIProvider({ apiKey: () => undefined, models: ['m'] })
    const registry = new ProviderRegistry([{ provider, missing: () => missing }, echo])
    const { reservedFields: _, ...capabilities } = provider.capabilities
    expect(registry.list()).toEqual([
      {
        name: 'openai',
        models: ['m'],
        configured: false,
        missing: ['OPENAI_API_KEY'],
        capabilities: { ...capabilities, responseFormats: ['text', 'json', 'json-schema'] },
      },
      {
        name: 'echo',
        models: ['echo'],
        configured: true,
        missing: [],
        capabilities: { ...echo.provider.capabilities, responseFormats: [] },
      },
    ])
    missing.pop()
    expect(registry.list()[0]).toMatchObject({ configured: true, missing: [] })
  })

  it('lists a provider without capabilities as one that takes prompts only', () => {
    const { complete } = echo.provider
    const [info] = new ProviderRegistry([{ provider: { name: 'first', models: ['m'], complete } }]).list()
    expect(info?.capabilities).toEqual({ ...PROMPT_ONLY, responseFormats: [] })
  })

  it('refuses two providers of one name', () => {
    expect(() => new ProviderRegistry([echo, echo])).toThrow('Two providers are called "echo".')
  })
})
