import type { ProviderInfo } from '@promptlab/client'
import type { Choice } from './draft.ts'
import { providersWithout } from './draft-faults.ts'
import { EXAMPLE_SCHEMA, withExampleTool } from './examples.ts'
import type { Fault } from './fault.ts'
import { JsonField } from './json-field.tsx'
import { ModelChips } from './model-chips.tsx'
import type { OptionField, OptionFields, TextField } from './option-fields.ts'
import { ChoiceInput, LineInput, NumberInput, TextInput, Without } from './option-inputs.tsx'
import { MAX_FALLBACKS, readOptions } from './read-options.ts'

interface OptionsFormProps {
  fields: OptionFields
  /** The models that get these options. */
  choices: readonly Choice[]
  providers: readonly ProviderInfo[]
  faults: readonly Fault[]
  onChange: (fields: OptionFields) => void
}

const DEFAULT = ['', 'vendor’s default'] as const
const EFFORTS = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh'].map((effort) => [effort, effort] as const)

/** All option fields. */
export function OptionsForm({ fields, choices, providers, faults, onChange }: OptionsFormProps) {
  const set = (change: Partial<OptionFields>) => onChange({ ...fields, ...change })
  const messagesOf = (field: OptionField) =>
    faults.filter((fault) => fault.field === field).map(({ message }) => message)
  const about = (field: TextField) => ({
    value: fields[field],
    faults: messagesOf(field),
    without: providersWithout(field, choices, providers),
    onChange: (value: string) => set({ [field]: value }),
  })
  const json = (field: 'schema' | 'tools' | 'vendor') => {
    const { without, ...others } = about(field)
    return { ...others, hint: <Without names={without} /> }
  }
  const tools = readOptions(fields).values.options.tools ?? []
  return (
    <div className="option-fields">
      <TextInput label="System instruction" isWide {...about('system')} />
      <NumberInput label="Temperature" {...about('temperature')} />
      <NumberInput label="Top-p" {...about('topP')} />
      <NumberInput label="Max tokens" {...about('maxTokens')} />
      <ChoiceInput label="Reasoning effort" entries={[DEFAULT, ...EFFORTS]} {...about('reasoning')} />
      <NumberInput label="Presence penalty" {...about('presencePenalty')} />
      <NumberInput label="Frequency penalty" {...about('frequencyPenalty')} />
      <NumberInput label="Seed" {...about('seed')} placeholder="random" />
      <NumberInput label="Limit of cost, US$" {...about('maxCostUsd')} placeholder="none" />
      <TextInput label="Stop texts" isWide {...about('stop')} placeholder="One in each line; \n is a line break" />
      <ChoiceInput
        label="Form of the answer"
        entries={[DEFAULT, ['text', 'text'], ['json', 'JSON'], ['json-schema', 'JSON by a schema']]}
        {...about('format')}
      />
      {fields.format === 'json-schema' && (
        <>
          <LineInput label="Name of the schema" {...about('schemaName')} placeholder="answer" />
          <ChoiceInput
            label="Keep strictly to the schema"
            entries={[DEFAULT, ['true', 'yes'], ['false', 'no']]}
            {...about('strict')}
          />
          <JsonField
            label="JSON Schema"
            {...json('schema')}
            placeholder={'{ "type": "object", … }'}
            example={{ name: 'Insert an example', add: () => EXAMPLE_SCHEMA }}
          />
        </>
      )}
      <JsonField
        label="Tools"
        {...json('tools')}
        placeholder={'[{ "name": …, "description": …, "parameters": … }]'}
        example={{ name: 'Add an example', add: withExampleTool }}
      />
      {(tools.length > 0 || fields.toolChoice !== '' || fields.parallelToolCalls !== '') && (
        <>
          <ChoiceInput
            label="Tool choice"
            entries={[
              DEFAULT,
              ['auto', 'may call tools'],
              ['none', 'calls none'],
              ['required', 'must call one'],
              ...tools.map(({ name }) => [`tool:${name}`, `must call ${name}`] as const),
            ]}
            {...about('toolChoice')}
          />
          <ChoiceInput
            label="Several calls at once"
            entries={[DEFAULT, ['true', 'allowed'], ['false', 'not allowed']]}
            {...about('parallelToolCalls')}
          />
        </>
      )}
      <ChoiceInput
        label="If the vendor fails, ask"
        entries={[
          ['', 'operator’s default'],
          ['none', 'nobody else'],
          ['list', 'these models …'],
        ]}
        value={fields.fallbackMode}
        faults={messagesOf('fallbacks')}
        onChange={(fallbackMode) => set({ fallbackMode })}
      />
      {fields.fallbackMode === 'list' && (
        <fieldset className="fallbacks">
          <legend className="visually-hidden">Fallbacks, in this order</legend>
          <ModelChips
            word="Fallback"
            choices={fields.fallbacks}
            providers={providers}
            max={MAX_FALLBACKS}
            mayBeEmpty
            onChange={(chosen) => set({ fallbacks: chosen.map(({ provider, model }) => ({ provider, model })) })}
          />
        </fieldset>
      )}
      <JsonField label="Fields for the vendor" {...json('vendor')} placeholder={'{ "service_tier": "flex" }'} />
    </div>
  )
}
