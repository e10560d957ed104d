import { readFileSync } from 'node:fs'
import { issueSentence, JobOptions, RESPONSE_FORMATS } from '@promptlab/contract'
import { type Habits, VENDOR_KIND_NAMES } from '@promptlab/providers'
import { z } from 'zod'
import { webUrl } from './setting-forms.ts'

const MAX_FILE_BYTES = 1024 * 1024

const variable = z
  .string()
  .regex(/^[A-Za-z_]\w*$/, 'Must be the name of an environment variable, such as ACME_API_KEY, not the key itself')
const mediaType = z.string().regex(/^[\w.+-]+\/[\w.+-]+$/, 'Must be a media type, such as image/png')

/** Headers that vendors read a key from. Their values may not be in the file. */
const SECRET_HEADER = /authorization|key|token|secret|cookie|password/i

const headers = z
  .record(
    z.string().regex(/^[\w!#$%&'*+.^|~-]+$/, 'Must be the name of a header'),
    z.union([z.string().regex(/^[\x20-\x7e]*$/, 'Must be visible ASCII'), z.strictObject({ env: variable })], {
      error: 'Must be a text, or {"env": "VARIABLE"}',
    }),
  )
  .superRefine((values, context) => {
    for (const [name, value] of Object.entries(values)) {
      if (typeof value !== 'string' || !SECRET_HEADER.test(name)) continue
      const message = 'May hold a key: name the variable that has the value, as {"env": "VARIABLE"}'
      context.addIssue({ code: 'custom', path: [name], message })
    }
  })

const habits = z.strictObject({
  tokenLimit: z.enum(['max_tokens', 'max_completion_tokens']).optional(),
  streamOptions: z.boolean().optional(),
  seed: z.enum(['seed', 'random_seed']).optional(),
  effort: z.enum(['reasoning_effort', 'reasoning']).optional(),
  reasoningField: z.enum(['reasoning_content', 'reasoning']).optional(),
  lacks: z.array(JobOptions.keyof()).optional(),
  responseFormats: z.array(z.enum(RESPONSE_FORMATS)).optional(),
  imageTypes: z.array(mediaType).optional(),
  fileTypes: z.array(mediaType).optional(),
  wholeList: z.boolean().optional(),
}) satisfies z.ZodType<Habits>

const OwnVendor = z
  .strictObject({
    name: z
      .string()
      .regex(/^[a-z][a-z0-9-]{0,39}$/, 'Must be 1 to 40 lower-case letters, digits or "-", the first of them a letter'),
    kind: z.enum(VENDOR_KIND_NAMES),
    baseUrl: webUrl('https://api.example.com/v1'),
    apiKeyEnv: variable.optional(),
    headers: headers.optional(),
    models: z.array(z.string().trim().min(1)).min(1).optional(),
    habits: habits.optional(),
    background: z.boolean().optional(),
  })
  .superRefine(({ kind, habits: given, background }, context) => {
    if (background !== undefined && kind !== 'openai')
      context.addIssue({ code: 'custom', path: ['background'], message: `Is only for openai, not ${kind}` })
    if (given && kind !== 'openai-compatible')
      context.addIssue({ code: 'custom', path: ['habits'], message: `Is only for openai-compatible, not ${kind}` })
  })

/** A vendor as an operator describes it in a file. */
export type OwnVendor = z.infer<typeof OwnVendor>

/**
 * Reads the vendors that an operator describes in a JSON file.
 * @param takenNames the names of other providers
 * @returns `faults` has every fault with its path, such as `[1].baseUrl`; then there are no vendors
 */
export function readProvidersFile(
  path: string,
  takenNames: readonly string[],
): { vendors: OwnVendor[]; faults: string[] } {
  const file = JSON.stringify(path)
  const { value, fault } = jsonIn(path)
  if (fault !== undefined) return { vendors: [], faults: [`${file} ${fault}`] }
  const { data = [], error } = z.array(OwnVendor).safeParse(value, { error: issueSentence })
  const faults = error?.issues.flatMap(faultsOf) ?? nameFaults(data, takenNames)
  return faults.length > 0
    ? { vendors: [], faults: faults.map((each) => `${file} ${each}`) }
    : { vendors: data, faults }
}

function jsonIn(path: string): { value?: unknown; fault?: string } {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    return { fault: `cannot be read (${reason})` }
  }
  if (text.length > MAX_FILE_BYTES) return { fault: `is longer than ${MAX_FILE_BYTES} characters` }
  try {
    const value: unknown = JSON.parse(text.replace(/^\uFEFF/, ''))
    return { value }
  } catch (error) {
    // The error quotes the file, which may hold a key by mistake.
    const [place] = /\(line \d+ column \d+\)/.exec(String(error)) ?? []
    return { fault: place === undefined ? 'is not JSON' : `is not JSON ${place}` }
  }
}

function faultsOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code !== 'unrecognized_keys') return [`${pathOf(issue.path)}: ${issue.message}`]
  return issue.keys.map((key) => {
    const hint = /key/i.test(key) ? '; name the variable that has the key in apiKeyEnv' : ''
    return `${pathOf([...issue.path, key])}: Unknown field${hint}`
  })
}

function pathOf(path: readonly PropertyKey[]): string {
  const text = path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`)).join('')
  return text || 'The file'
}

function nameFaults(vendors: readonly OwnVendor[], taken: readonly string[]): string[] {
  return vendors.flatMap(({ name }, index) => {
    if (taken.includes(name))
      return [`[${index}].name: The server has a provider "${name}" already; choose another name`]
    const first = vendors.findIndex((vendor) => vendor.name === name)
    return first < index ? [`[${index}].name: Is the name of [${first}] too`] : []
  })
}
