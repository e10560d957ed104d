import { describeOperation } from './describe-operation.ts'

const tag = 'models'
const shape = 'models'

const openai = { id: 'echo/echo', object: 'model', created: 0, owned_by: 'echo' }
const anthropic = { type: 'model', id: 'echo/echo', display_name: 'echo', created_at: '1970-01-01T00:00:00Z' }

const version = {
  name: 'anthropic-version',
  in: 'header',
  description: 'A request with this header is answered in the form of Anthropic, also with errors in that form.',
  schema: { type: 'string' },
}

const query = (name: string, schema: object) => ({
  name,
  in: 'query',
  description: 'For pages in the form of Anthropic. OpenAI has none.',
  schema,
})

export const MODELS_PATHS = {
  '/v1/models': {
    get: describeOperation({
      operationId: 'listModels',
      tag,
      shape,
      summary: 'List the models of all configured providers',
      description:
        'Each model has the name `provider/model`, and its bare name if no other provider has a model of that name.',
      parameters: [
        version,
        query('limit', { type: 'integer', minimum: 1, maximum: 1000, default: 20 }),
        query('after_id', { type: 'string' }),
        query('before_id', { type: 'string' }),
      ],
      answer: {
        description: 'The models.',
        schema: 'Models',
        examples: {
          openai: { object: 'list', data: [openai, { ...openai, id: 'echo' }] },
          anthropic: { data: [anthropic], has_more: false, first_id: 'echo/echo', last_id: 'echo/echo' },
        },
      },
      errors: [],
    }),
  },
  '/v1/models/{model}': {
    get: describeOperation({
      operationId: 'readModel',
      tag,
      shape,
      summary: 'Read a model',
      parameters: [
        {
          name: 'model',
          in: 'path',
          required: true,
          description: 'The name of the model. Its slashes may be encoded or not.',
          schema: { type: 'string' },
        },
        version,
      ],
      answer: { description: 'The model.', schema: 'Model', examples: { openai, anthropic } },
      errors: ['unknown-model'],
    }),
  },
}
