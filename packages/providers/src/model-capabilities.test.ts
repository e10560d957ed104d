import { describe, expect, it } from 'vitest'
import { modelCapabilitiesOf } from './model-capabilities.ts'

const openRouter = (inputs: unknown, parameters: unknown) => ({
  architecture: { input_modalities: inputs },
  supported_parameters: parameters,
})
const is = (supported: unknown) => ({ supported })

describe('modelCapabilitiesOf', () => {
  it.each([
    [
      'OpenRouter, everything',
      openRouter(['text', 'image', 'file'], ['tools', 'structured_outputs', 'response_format', 'reasoning']),
      { tools: true, images: true, files: true, schema: true, reasoning: true },
    ],
    [
      'OpenRouter, nothing',
      openRouter(['text'], ['max_tokens']),
      { tools: false, images: false, files: false, schema: false, reasoning: false },
    ],
    [
      'OpenRouter, JSON that may be without a schema',
      { supported_parameters: ['response_format'] },
      { tools: false, reasoning: false },
    ],
    ['OpenRouter, lists that nobody filled in', openRouter([], []), {}],
    [
      'Mistral',
      { capabilities: { completion_chat: true, function_calling: true, vision: false, reasoning: true } },
      { tools: true, images: false, reasoning: true },
    ],
    ['Fireworks', { supports_tools: true, supports_image_input: false }, { tools: true, images: false }],
    [
      'Anthropic',
      {
        capabilities: {
          image_input: is(true),
          pdf_input: is(true),
          structured_outputs: is(false),
          thinking: { ...is(true), types: { adaptive: is(true) } },
        },
      },
      { images: true, files: true, schema: false, reasoning: true },
    ],
    ['Anthropic, where it does not know', { capabilities: null }, {}],
    ['Gemini', { thinking: true }, { reasoning: true }],
    ['OpenAI', { id: 'a', object: 'model', created: 1, owned_by: 'openai' }, {}],
  ])('reads %s', (_, entry, told) => {
    expect(modelCapabilitiesOf(entry)).toStrictEqual(told)
  })

  it.each([
    [null],
    ['tools'],
    [openRouter('image', { tools: true })],
    [openRouter(null, 7)],
    [{ architecture: [], supports_tools: 'yes', thinking: 1 }],
    [{ capabilities: ['vision'] }],
    [{ capabilities: { vision: 'true', function_calling: {}, image_input: is('yes'), thinking: is(null) } }],
  ])('ignores forms that it does not know: %j', (entry) => {
    expect(modelCapabilitiesOf(entry)).toStrictEqual({})
  })

  it('reads on where the first form says nothing', () => {
    expect(modelCapabilitiesOf({ supported_parameters: 7, supports_tools: true })).toStrictEqual({ tools: true })
  })
})
