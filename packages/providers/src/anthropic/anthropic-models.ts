import type { Model } from '@anthropic-ai/sdk/resources/messages'

/** The models that callers may choose unless ANTHROPIC_MODELS is set. */
export const ANTHROPIC_MODELS: readonly string[] = [
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'claude-fable-5-2',
  'claude-opus-5',
  'claude-sonnet-5',
  'claude-opus-4-8',
  'claude-sonnet-4-6',
  'claude-haiku-4-5',
] satisfies readonly Model[]
