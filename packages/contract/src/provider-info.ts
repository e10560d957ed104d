import { z } from 'zod'
import { JobOptions, RESPONSE_FORMATS } from './job-options.ts'

/** What the vendor's list says that a model can do. A key is absent where the list does not say. */
const ModelCapabilities = z.object({
  tools: z.boolean().optional().describe('Whether the model calls tools.'),
  images: z.boolean().optional().describe('Whether the model takes images.'),
  files: z.boolean().optional().describe('Whether the model takes files, such as PDF, itself.'),
  schema: z.boolean().optional().describe('Whether the model keeps to a JSON Schema.'),
  reasoning: z.boolean().optional().describe('Whether the model can reason before it answers.'),
})
export type ModelCapabilities = z.infer<typeof ModelCapabilities>

/** A provider in the answer of `GET /providers`. */
export const ProviderInfo = z.object({
  name: z.string(),
  models: z.array(z.string()),
  modelList: z
    .object({
      source: z
        .enum(['settings', 'vendor', 'default'])
        .describe('Who named the models: the operator, the vendor, or nobody but this version of the server.'),
      ageSeconds: z
        .int()
        .nonnegative()
        .optional()
        .describe('How long ago the vendor told its models, in seconds. Present if the source is `vendor`.'),
      anyName: z.boolean().describe('Whether a job may name a model that is not in `models`.'),
    })
    .describe('Where `models` comes from.'),
  modelCapabilities: z
    .record(z.string(), ModelCapabilities)
    .optional()
    .describe(
      'What models can do, by their names, as far as the list of the vendor says it. No job is refused for it: such lists lag, and differ from what the vendor takes.',
    ),
  configured: z.boolean().describe('Whether the server accepts jobs for this provider.'),
  capabilities: z
    .object({
      messages: z.boolean().describe('Whether the provider takes conversations, not only a prompt.'),
      options: z.array(JobOptions.keyof()).describe('The options that the provider keeps.'),
      responseFormats: z.array(z.enum(RESPONSE_FORMATS)).describe('What `options.responseFormat.type` may be.'),
      imageTypes: z.array(z.string()).describe('The media types of images that it takes.'),
      fileTypes: z.array(z.string()).describe('The media types of files that it takes.'),
      urls: z.boolean().describe('Whether images and files may be given by their address.'),
    })
    .describe('What jobs may ask of the provider. Anything else is refused with `unsupported-option`.'),
  missing: z.array(z.string()).describe('The environment variables that the operator must set first.'),
})
export type ProviderInfo = z.infer<typeof ProviderInfo>
