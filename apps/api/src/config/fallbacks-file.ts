import { type Fallback, issueSentence, MAX_FALLBACKS } from '@promptlab/contract'
import { z } from 'zod'
import type { OperatorFallbacks } from '../jobs/input/fallbacks.ts'
import { invalidFile, readJsonFile } from './read-json-file.ts'

const NAMING = 'Must be provider/model, such as openai/gpt-4'
const ModelName = z.string().regex(/^[^/]+\/.+$/s, NAMING)
const FallbacksFile = z.record(
  ModelName,
  z
    .array(ModelName)
    .min(1)
    .max(MAX_FALLBACKS)
    .refine((names) => new Set(names).size === names.length, 'Names a model twice'),
)

/**
 * Reads the fallbacks of the operator, by the name of the model that they stand in for.
 * @param providers the names of all providers: a misspelt name would never be asked, in silence
 * @throws ConfigError the file cannot be read, has another form, or names a provider that there is not
 */
export async function readFallbacksFile(path: string, providers: readonly string[]): Promise<OperatorFallbacks> {
  const parsed = FallbacksFile.safeParse(await readJsonFile('FALLBACKS_FILE', path), { error: issueSentence })
  const faults = parsed.error?.issues.map(faultOf) ?? []
  const named = Object.entries(parsed.data ?? {})
  for (const [name, others] of named) {
    if (others.includes(name)) faults.push(`${name}: Names itself`)
    const unknown = [name, ...others].map(fallbackOf).filter(({ provider }) => !providers.includes(provider))
    for (const { provider } of unknown)
      faults.push(`${name}: There is no provider "${provider}". Known: ${providers.join(', ')}`)
  }
  if (faults.length > 0) throw invalidFile('FALLBACKS_FILE', path, faults)
  return new Map(named.map(([name, others]) => [name, others.map(fallbackOf)]))
}

function faultOf({ code, path, message }: z.core.$ZodIssue): string {
  return `${path.join(': ')}: ${code === 'invalid_key' ? NAMING : message}`
}

/** @param name `provider/model`, checked before. A model may have slashes in its name, a provider has none */
function fallbackOf(name: string): Fallback {
  const slash = name.indexOf('/')
  return { provider: name.slice(0, slash), model: name.slice(slash + 1) }
}
