import { z } from 'zod'
import { answerSchema } from './json-schema.ts'

const OpenAiModel = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.literal(0).describe('Always 0: nobody tells when most models were made.'),
  owned_by: z.string().describe('The provider.'),
})

const AnthropicModel = z.object({
  type: z.literal('model'),
  id: z.string(),
  display_name: z.string(),
  created_at: z.string().describe('Always the epoch.'),
})

const AnthropicModels = z.object({
  data: z.array(AnthropicModel),
  has_more: z.boolean(),
  first_id: z.string().nullable(),
  last_id: z.string().nullable(),
})

/** The schemas of the answers of `/v1/models`. */
export const MODEL_SCHEMAS = {
  Model: answerSchema(z.union([OpenAiModel, AnthropicModel])),
  Models: answerSchema(z.union([z.object({ object: z.literal('list'), data: z.array(OpenAiModel) }), AnthropicModels])),
}
