import { z } from 'zod'
import { type CreateJobLimits, createJobFields, type JobFault, schemaFaults } from './create-job.ts'

/** What a job that is made of another one may have otherwise. */
export function jobChanges(limits: CreateJobLimits) {
  const { provider, model, options, fallbacks, maxCostUsd, webhook, metadata } = createJobFields(limits)
  const { shape } = options
  return {
    provider: provider.optional().describe('Default: the provider of the other job.'),
    model: model.optional().describe('Default: the model of the other job.'),
    options: z
      .strictObject({
        system: shape.system.nullable(),
        temperature: shape.temperature.nullable(),
        maxTokens: shape.maxTokens.nullable(),
        topP: shape.topP.nullable(),
        stop: shape.stop.nullable(),
        seed: shape.seed.nullable(),
        presencePenalty: shape.presencePenalty.nullable(),
        frequencyPenalty: shape.frequencyPenalty.nullable(),
        reasoning: shape.reasoning.nullable(),
        tools: shape.tools.nullable(),
        toolChoice: shape.toolChoice.nullable(),
        parallelToolCalls: shape.parallelToolCalls.nullable(),
        responseFormat: shape.responseFormat.nullable(),
        vendor: shape.vendor.nullable(),
      } satisfies Record<keyof typeof shape, z.ZodType>)
      .optional()
      .describe(
        'Each option replaces that of the other job, and `null` removes it. With another provider, `vendor` of the other job is left out.',
      ),
    fallbacks: fallbacks
      .nullable()
      .optional()
      .describe(
        'Absent: those of the other job, if neither the provider nor the model is another one. `null`: those that the operator names for the model. Empty: none.',
      ),
    maxCostUsd: maxCostUsd.nullable().optional().describe('Absent: as for the other job. `null`: no limit.'),
    webhook: webhook.nullable().optional().describe('Absent: as for the other job. `null`: none.'),
    metadata: metadata.nullable().optional().describe('Absent: as for the other job. `null`: none.'),
  }
}

/** The body of a job that is made of another one. Its options are checked again with those of the other job. */
export type JobChanges = z.infer<z.ZodObject<ReturnType<typeof jobChanges>, z.core.$strict>>

/** What is wrong with the JSON Schemas among the changes. */
export function checkSchemas({ schemaFault }: CreateJobLimits) {
  return z.superRefine(({ options }: JobChanges, context) => {
    const { tools, responseFormat } = options ?? {}
    const given = { options: { tools: tools ?? undefined, responseFormat: responseFormat ?? undefined } }
    const faults: JobFault[] = schemaFaults(given, schemaFault)
    for (const { path, message } of faults) context.addIssue({ code: 'custom', path: [...path], message })
  })
}
