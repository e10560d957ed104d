import type { Job, ProviderInfo } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import { choiceOf, type Draft, draftOf, EMPTY_DRAFT, readDraft, requestsOf, usableChoices } from './draft.ts'
import { faultsOf } from './draft-faults.ts'
import { EMPTY_OPTIONS, type OptionFields } from './option-fields.ts'
import { optionsSummary } from './options-summary.ts'
import { faultsOfProblem } from './problem-faults.ts'

const GPT = choiceOf('openai', 'gpt-4')
const ECHO = choiceOf('echo', 'echo')

const draftWith = (options: Partial<OptionFields>, choices = [GPT]): Draft => ({
  ...EMPTY_DRAFT,
  prompt: 'Hello',
  choices,
  options: { ...EMPTY_OPTIONS, ...options },
})

const FULL: Partial<OptionFields> = {
  system: 'Be short.',
  temperature: '0.2',
  topP: '.9',
  maxTokens: '100',
  stop: 'END\n\\n\\n',
  seed: '-7',
  presencePenalty: '1',
  frequencyPenalty: '-1',
  reasoning: 'low',
  format: 'json-schema',
  schemaName: 'city',
  strict: 'true',
  schema: '{"type":"object"}',
  tools: '[{"name":"get_time"}]',
  toolChoice: 'tool:get_time',
  parallelToolCalls: 'false',
  vendor: '{"service_tier":"flex"}',
  fallbackMode: 'list',
  fallbacks: [{ provider: 'echo', model: 'echo' }],
  maxCostUsd: '0.05',
}

describe('requestsOf', () => {
  it('asks each model with all options that are set', () => {
    expect(requestsOf(draftWith(FULL))).toEqual([
      {
        provider: 'openai',
        model: 'gpt-4',
        prompt: 'Hello',
        options: {
          system: 'Be short.',
          temperature: 0.2,
          topP: 0.9,
          maxTokens: 100,
          stop: ['END', '\n\n'],
          seed: -7,
          presencePenalty: 1,
          frequencyPenalty: -1,
          reasoning: { effort: 'low' },
          responseFormat: { type: 'json-schema', name: 'city', strict: true, schema: { type: 'object' } },
          tools: [{ name: 'get_time' }],
          toolChoice: { name: 'get_time' },
          parallelToolCalls: false,
          vendor: { service_tier: 'flex' },
        },
        fallbacks: [{ provider: 'echo', model: 'echo' }],
        maxCostUsd: 0.05,
      },
    ])
  })

  it('gives a model its own options, and the others those for all', () => {
    const own = { ...GPT, own: { ...EMPTY_OPTIONS, seed: '1' } }
    const requests = requestsOf(draftWith({ temperature: '1' }, [ECHO, own]))
    expect(requests.map(({ options }) => options)).toEqual([{ temperature: 1 }, { seed: 1 }])
  })

  it('sends no options when none is set', () => {
    expect(requestsOf(draftWith({}))).toEqual([{ ...GPT, prompt: 'Hello' }])
  })

  it('sends an image by its address before the prompt, as one message', () => {
    const url = 'https://images.example/cat.png'
    const draft: Draft = { ...draftWith({}), attachments: [{ id: '1', type: 'image-url', url }] }
    expect(requestsOf(draft)[0]?.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image', url },
          { type: 'text', text: 'Hello' },
        ],
      },
    ])
  })
})

it('draftOf > asks for all that the job was asked for', () => {
  const [request] = requestsOf(draftWith(FULL))
  const job: Job = {
    id: '1',
    prompt: 'Before',
    provider: 'openai',
    model: 'gpt-4',
    options: request?.options,
    fallbacks: request?.fallbacks,
    maxCostUsd: request?.maxCostUsd,
    status: 'pending',
    createdAt: '',
    updatedAt: '',
    links: { self: '', cancel: '', stream: '' },
  }
  expect(requestsOf(draftOf(job, draftWith({ seed: '1' }, [ECHO])))).toEqual([request])
})

describe('readDraft', () => {
  it('reads what it stored', () => {
    const draft = draftWith(FULL, [ECHO, { ...GPT, own: { ...EMPTY_OPTIONS, seed: '1' } }])
    expect(readDraft(JSON.parse(JSON.stringify(draft)))).toEqual(draft)
  })

  it('reads a draft of the first version of the page', () => {
    const stored = {
      prompt: 'Hi',
      choices: ['["openai","gpt-4"]', 'no JSON'],
      system: 'S',
      temperature: '1',
      maxTokens: '',
    }
    expect(readDraft(stored)).toEqual({ ...draftWith({ system: 'S', temperature: '1' }), prompt: 'Hi' })
  })

  it.each([null, 'text', []])('reads no draft of %j', (stored) => {
    expect(readDraft(stored)).toBeUndefined()
  })
})

describe('usableChoices', () => {
  it('keeps models that can be used, named or not, and else takes the first one', () => {
    const open = { ...providerOf('openai'), modelList: { source: 'vendor', anyName: true } } as const
    const providers = [providerOf('echo', []), open, { ...providerOf('gemini'), configured: false }]
    const unlisted = choiceOf('openai', 'gpt-new')
    expect(usableChoices([choiceOf('gemini', 'gpt-4'), unlisted], providers)).toEqual([unlisted])
    expect(usableChoices([], providers)).toEqual([choiceOf('echo', 'gpt-4')])
  })
})

describe('faultsOf', () => {
  it.each([
    ['temperature', '3', 'Must be a number from 0 to 2, such as 0.7.'],
    ['temperature', '0,5', 'Must be a number from 0 to 2, such as 0.7.'],
    ['maxTokens', '1.5', 'Must be a whole number, 1 or more.'],
    ['maxCostUsd', '0', 'Must be an amount in US dollars above 0, such as 0.05.'],
    ['tools', '{"name":"a"}', 'Must be a list of tools: write [ before it and ] after it.'],
    ['tools', '[{"name":"a b"}]', 'Line 1: A name has 1 to 64 letters, digits, underscores or hyphens.'],
    ['tools', '[\n{"name":"a"},\n{"name":"a"}]', 'Line 3: There is another tool a.'],
    ['tools', '[{"name":"a",\n"input_schema":{}}]', 'Line 2: A tool has no "input_schema"; write "parameters".'],
    ['vendor', '[]', 'Must be an object: write { before it and } after it.'],
    ['toolChoice', 'required', 'There are no tools to call.'],
    ['toolChoice', 'tool:b', 'There is no tool b among the tools.'],
    ['fallbackMode', 'list', 'Add a model, or choose another entry of the list.'],
  ] as const)('says what is wrong when %s is %j', (field, value, message) => {
    const at = field === 'fallbackMode' ? 'fallbacks' : field
    expect(faultsOf(draftWith({ [field]: value }), [providerOf('openai')])).toEqual([{ field: at, message }])
  })

  it('says in which line a schema is wrong', () => {
    const schema = '{\n"properties": {\n"a": {"type": "text"}}}'
    expect(faultsOf(draftWith({ format: 'json-schema', schema }), [providerOf('openai')])).toEqual([
      {
        field: 'schema',
        message: 'Line 3: properties.a.type must be one of string, number, integer, boolean, object, array, null.',
      },
    ])
  })

  it('names the providers that cannot keep an option, for all models or for the one that has it', () => {
    const providers = [providerOf('openai'), providerOf('echo', ['temperature'])]
    expect(faultsOf(draftWith({ seed: '1', temperature: '1' }, [GPT, ECHO]), providers)).toEqual([
      { field: 'seed', message: 'echo cannot keep this option. Empty it, or choose other models.' },
    ])
    const own = { ...ECHO, own: { ...EMPTY_OPTIONS, seed: '1' } }
    expect(faultsOf(draftWith({}, [GPT, own]), providers)).toMatchObject([{ field: 'seed', choice: 1 }])
    expect(faultsOf(draftWith({ seed: '1' }, [GPT, { ...own, own: EMPTY_OPTIONS }]), providers)).toEqual([])
  })

  it('refuses forms of the answer, images and addresses that a provider does not take', () => {
    const base = providerOf('openai')
    const provider = {
      ...base,
      capabilities: { ...base.capabilities, responseFormats: ['text' as const], urls: false },
    }
    const draft: Draft = {
      ...draftWith({ format: 'json' }),
      attachments: [{ id: '1', type: 'image-url', url: 'https://images.example/cat.png' }],
    }
    expect(faultsOf(draft, [provider])).toEqual([
      { field: 'attachments', attachmentId: '1', message: 'openai takes no addresses. Attach the image itself.' },
      { field: 'format', message: 'openai takes text, not json.' },
    ])
  })
})

it('faultsOfProblem > puts each fault of the server to its field', () => {
  const attached: Draft = {
    ...draftWith({}, [{ ...GPT, own: EMPTY_OPTIONS }]),
    attachments: [{ id: 'a', type: 'image-url', url: 'https://images.example/cat.png' }],
  }
  const paths = [
    'options.temperature',
    'options.responseFormat.schema',
    'options.tools[1].name',
    'fallbacks[0].model',
    'messages[0].content[0].url',
    'messages[0].content[1].text',
    'metadata.x',
  ]
  const problem = {
    type: '',
    title: '',
    status: 400,
    instance: '',
    requestId: '',
    code: 'invalid-request',
    detail: 'D.',
  }
  const errors = paths.map((path) => ({ path, message: 'Is wrong' }))
  expect(faultsOfProblem({ ...problem, errors }, attached)).toEqual([
    { field: 'temperature', message: 'Is wrong.', choice: 0 },
    { field: 'schema', message: 'Is wrong.', choice: 0 },
    { field: 'tools', message: '1.name: Is wrong.', choice: 0 },
    { field: 'fallbacks', message: '0.model: Is wrong.', choice: 0 },
    { field: 'attachments', message: 'Is wrong.', attachmentId: 'a' },
    { field: 'prompt', message: 'Is wrong.' },
    { field: 'form', message: 'metadata.x: Is wrong.' },
  ])
  expect(faultsOfProblem({ ...problem, code: 'unknown-model' }, attached)).toEqual([
    { field: 'choices', message: 'D.' },
  ])
  expect(faultsOfProblem(problem, attached)).toEqual([{ field: 'form', message: 'D.' }])
})

it('optionsSummary > says in one line what is set', () => {
  expect(
    optionsSummary({ ...EMPTY_OPTIONS, temperature: '0.2', tools: '[{"name":"a"},{"name":"b"}]', format: 'json' }),
  ).toBe('temperature 0.2 · JSON · 2 tools')
  expect(optionsSummary({ ...EMPTY_OPTIONS, seed: 'x' })).toBe('1 fault')
  expect(optionsSummary(EMPTY_OPTIONS)).toBe('')
})

function providerOf(name: string, options?: ProviderInfo['capabilities']['options']): ProviderInfo {
  return {
    name,
    models: ['gpt-4'],
    modelList: { source: 'settings', anyName: false },
    configured: true,
    missing: [],
    capabilities: {
      messages: true,
      options: options ?? [
        'system',
        'temperature',
        'topP',
        'maxTokens',
        'stop',
        'seed',
        'responseFormat',
        'tools',
        'toolChoice',
        'vendor',
      ],
      responseFormats: ['text', 'json', 'json-schema'],
      imageTypes: ['image/png'],
      fileTypes: [],
      urls: true,
    },
  }
}
