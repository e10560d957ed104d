import type { JobRequest, ProviderInfo } from '@promptlab/client'
import { type Choice, choiceOf, type Draft, EMPTY_DRAFT, readDraft, requestsOf } from '../composer/draft.ts'
import { isObject } from '../composer/schema-fault.ts'
import { cellMetadata } from './cell-metadata.ts'
import { filled, variablesOf } from './variables.ts'

export type Values = Readonly<Record<string, string>>

/** What a grid asks: the draft with its templates, its models as columns, and the values of each row. It is JSON. */
export interface GridPlan {
  readonly draft: Draft
  readonly rows: readonly Values[]
}

/** The place of a cell, from 0. */
export interface Place {
  readonly row: number
  readonly column: number
}

export const MAX_ROWS = 500
export const MAX_COLUMNS = 8
export const EMPTY_PLAN: GridPlan = { draft: EMPTY_DRAFT, rows: [{}] }

/** The variables of the prompt and of the system texts. */
export function variablesOfDraft({ prompt, options, choices }: Draft): string[] {
  return variablesOf([prompt, options.system, ...choices.map(({ own }) => own?.system ?? '')])
}

/** The draft with the values of a row in place of its variables. */
export function filledDraft({ prompt, options, choices, attachments }: Draft, values: Values): Draft {
  return {
    prompt: filled(prompt, values),
    attachments,
    options: { ...options, system: filled(options.system, values) },
    choices: choices.map((choice) =>
      choice.own ? { ...choice, own: { ...choice.own, system: filled(choice.own.system, values) } } : choice,
    ),
  }
}

/** The request for the job of a cell. Every tab that has the plan makes the same one. */
export function requestOf(grid: string, { draft, rows }: GridPlan, { row, column }: Place): JobRequest | undefined {
  const values = rows[row]
  const choice = draft.choices[column]
  if (!values || !choice) return undefined
  const [request] = requestsOf(filledDraft({ ...draft, choices: [choice] }, values))
  return request && { ...request, metadata: cellMetadata(grid, draft, values, { row, column }) }
}

/** All cells, row by row. */
export function placesOf({ draft, rows }: GridPlan): Place[] {
  return rows.flatMap((_, row) => draft.choices.map((__, column) => ({ row, column })))
}

/** What keeps a plan from being run, in sentences; faults of the options are the draft's. */
export function planFaults({ draft, rows }: GridPlan): string[] {
  return [
    ...(draft.prompt.trim() === '' ? ['Write a prompt first.'] : []),
    ...(draft.choices.length === 0 ? ['Choose a model first.'] : []),
    ...(rows.length === 0 ? ['Add a row first.'] : []),
    ...(rows.length > MAX_ROWS ? [`A grid has at most ${MAX_ROWS} rows; these are ${rows.length}.`] : []),
  ]
}

/** Which rows have no value for a variable, in sentences. */
export function emptyValues({ draft, rows }: GridPlan): string[] {
  const variables = variablesOfDraft(draft)
  const sentences = rows.flatMap((values, index) => {
    const names = variables.filter((name) => (values[name] ?? '').trim() === '')
    return names.length === 0 ? [] : [`Row ${index + 1} has no value for ${names.join(', ')}.`]
  })
  const more = sentences.length - MOST_SENTENCES
  return more > 0
    ? [...sentences.slice(0, MOST_SENTENCES), `${more} more ${more === 1 ? 'row lacks' : 'rows lack'} values.`]
    : sentences
}

const MOST_SENTENCES = 3

/** The plan that a browser stored; undefined if it is none. */
export function readPlan(stored: unknown): GridPlan | undefined {
  if (!isObject(stored)) return undefined
  const draft = readDraft(stored['draft'])
  const { rows } = stored
  if (!draft || !Array.isArray(rows)) return undefined
  return { draft: { ...draft, attachments: [] }, rows: rows.slice(0, MAX_ROWS).map(readValues) }
}

/** The choices that can be asked; if none is left, the first usable model. */
export function gridChoices(choices: readonly Choice[], providers: readonly ProviderInfo[]): readonly Choice[] {
  const usable = providers.filter(({ configured }) => configured)
  const kept = choices.filter(({ provider, model }) =>
    usable.some(({ name, models, modelList }) => name === provider && (models.includes(model) || modelList.anyName)),
  )
  const [first] = usable.flatMap(({ name, models }) => models.map((model) => choiceOf(name, model)))
  return kept.length > 0 || !first ? kept.slice(0, MAX_COLUMNS) : [first]
}

function readValues(stored: unknown): Values {
  if (!isObject(stored)) return {}
  return Object.fromEntries(
    Object.entries(stored).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
}
