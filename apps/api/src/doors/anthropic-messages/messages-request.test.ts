import { describe, expect, it } from 'vitest'
import { ApiError } from '../../base/api-error.ts'
import { messagesRequest } from './messages-request.ts'

function askedOf(body: object, provider = 'anthropic') {
  const whole = { model: 'opus', max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], ...body }
  return messagesRequest(whole, () => ({ provider, model: 'claude-opus-5' }))
}

/** The faults of a body, by path. */
function faultsOf(body: object, provider?: string): Record<string, string> {
  try {
    askedOf(body, provider)
  } catch (error) {
    if (error instanceof ApiError && error.faults)
      return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]))
    throw error
  }
  return {}
}

const inUser = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] })

describe('messagesRequest', () => {
  it('asks a single text of the user as a prompt', () => {
    const asked = askedOf({ system: [{ type: 'text', text: 'Be brief.' }], stream: true })
    expect(asked).toMatchObject({
      job: {
        provider: 'anthropic',
        model: 'claude-opus-5',
        prompt: 'Hi',
        options: { system: 'Be brief.', maxTokens: 9 },
      },
      echo: { model: 'opus' },
      isStored: true,
      isBackground: false,
      isStreamed: true,
    })
    expect(askedOf(inUser({ type: 'text', text: 'Hi' })).job.prompt).toBe('Hi')
    expect(asked.paramOf('prompt')).toBe('messages[0].content')
    expect(asked.job).not.toHaveProperty('messages')
  })

  it.each([
    [{}, undefined],
    [{ thinking: { type: 'disabled' }, output_config: { effort: 'high' } }, 'none'],
    [{ thinking: { type: 'between_tools' } }, 'none'],
    [{ thinking: { type: 'adaptive', display: 'summarized' } }, 'high'],
    [{ thinking: { type: 'adaptive' }, output_config: { effort: 'low' } }, 'low'],
    [{ output_config: { effort: 'max' } }, 'xhigh'],
    [{ thinking: { type: 'enabled', budget_tokens: 1_024 } }, 'minimal'],
    [{ thinking: { type: 'enabled', budget_tokens: 4_000 } }, 'low'],
    [{ thinking: { type: 'enabled', budget_tokens: 10_000 } }, 'medium'],
    [{ thinking: { type: 'enabled', budget_tokens: 16_000 } }, 'high'],
    [{ thinking: { type: 'enabled', budget_tokens: 31_999 } }, 'xhigh'],
  ])('asks for the effort of %j: %s', (body, effort) => {
    expect(askedOf(body).job.options?.reasoning).toEqual(effort && { effort })
  })

  it.each([
    [{ type: 'auto' }, { toolChoice: 'auto' }],
    [
      { type: 'any', disable_parallel_tool_use: true },
      { toolChoice: 'required', parallelToolCalls: false },
    ],
    [{ type: 'tool', name: 'add' }, { toolChoice: { name: 'add' } }],
    [{ type: 'none', disable_parallel_tool_use: true }, { toolChoice: 'none' }],
  ])('asks with tools and the choice %j', (tool_choice, options) => {
    const tools = [
      {
        name: 'add',
        description: 'Adds.',
        input_schema: { type: 'object' },
        strict: true,
        eager_input_streaming: true,
      },
      { type: 'custom', name: 'now', input_schema: { type: 'object' }, cache_control: null, input_examples: [] },
    ]
    const asked = askedOf({ tools, tool_choice })
    expect(asked.job.options).toEqual({
      maxTokens: 9,
      tools: [
        { name: 'add', description: 'Adds.', parameters: { type: 'object' } },
        { name: 'now', parameters: { type: 'object' } },
      ],
      ...options,
    })
    expect(asked.paramOf('options.tools[1].parameters')).toBe('tools[1].input_schema')
  })

  it('asks for a schema', () => {
    const format = { type: 'json_schema', schema: { type: 'object' } }
    const asked = askedOf({ output_config: { format } })
    expect(asked.job.options?.responseFormat).toMatchObject({
      type: 'json-schema',
      schema: { type: 'object' },
      strict: true,
    })
    expect(asked.paramOf('options.responseFormat.schema')).toBe('output_config.format.schema')
  })

  it('passes what only Anthropic has on to Anthropic only', () => {
    const body = {
      top_k: 5,
      cache_control: { type: 'ephemeral', ttl: '1h' },
      metadata: { user_id: 'u1' },
      service_tier: 'standard_only',
    }
    const asked = askedOf(body)
    expect(asked.job.options?.vendor).toEqual(body)
    expect(asked.paramOf('options.vendor.top_k')).toBe('top_k')
    const { top_k: _, ...hints } = body
    expect(askedOf(hints, 'openai').job.options).toEqual({ maxTokens: 9 })
    expect(faultsOf(body, 'openai')).toEqual({ top_k: 'openai cannot keep this option' })
  })

  it('takes null and empty lists for absent', () => {
    const body = {
      temperature: null,
      stop_sequences: [],
      tools: [],
      tool_choice: null,
      thinking: null,
      output_config: {},
      metadata: {},
      container: null,
      mcp_servers: [],
      speed: 'standard',
    }
    expect(askedOf(body).job.options).toEqual({ maxTokens: 9 })
  })

  it.each<[object, string, RegExp]>([
    [{ max_tokens: undefined }, 'max_tokens', /^Is required$/],
    [{ messages: [] }, 'messages', /empty/],
    [{ maxTokens: 5 }, 'maxTokens', /did you mean max_tokens/],
    [{ container: 'c1' }, 'container', /not supported/],
    [{ context_management: { edits: [] } }, 'context_management', /not supported/],
    [{ mcp_servers: [{ type: 'url' }] }, 'mcp_servers', /not supported/],
    [{ thread: { type: 'create' } }, 'thread', /whole conversation/],
    [{ service_tier: 'priority' }, 'service_tier', /one of auto, standard_only/],
    [{ thinking: { type: 'enabled' } }, 'thinking.budget_tokens', /required/],
    [{ tool_choice: { type: 'some' } }, 'tool_choice.type', /one of auto, any, tool, none/],
    [
      {
        tools: [
          { name: 'a', input_schema: {} },
          { type: 'web_search_20260318', name: 'w', max_uses: 3 },
        ],
      },
      'tools[1]',
      /tool of Anthropic/,
    ],
    [{ tools: [{ name: 'a' }] }, 'tools[0].input_schema', /required/],
    [{ tools: [{ name: 'a', input_schema: {}, defer_loading: true }] }, 'tools[0].defer_loading', /not supported/],
    [
      inUser({ type: 'image', source: { type: 'file', file_id: 'f' } }),
      'messages[0].content[0].source.type',
      /one of base64, url/,
    ],
    [
      inUser({ type: 'document', source: { type: 'content', content: 'a' } }),
      'messages[0].content[0].source.type',
      /one of/,
    ],
    [inUser({ type: 'search_result' }), 'messages[0].content[0].type', /one of text, image, document, tool_result/],
    [{ messages: [{ role: 'tool', content: 'Hi' }] }, 'messages[0].role', /one of user, assistant, system/],
    [
      inUser({
        type: 'document',
        source: { type: 'text', media_type: 'text/plain', data: 'a' },
        citations: { enabled: true },
      }),
      'messages[0].content[0].citations.enabled',
      /not supported/,
    ],
  ])('refuses %j and names %s', (body, path, message) => {
    const faults = faultsOf(body)
    expect(Object.keys(faults)).toEqual([path])
    expect(faults[path]).toMatch(message)
  })
})
