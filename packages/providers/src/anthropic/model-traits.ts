/** How a model differs from others in what it takes. */
export interface ModelTraits {
  /** The most output tokens that it can be asked for. */
  readonly maxTokens: number
  /** How its thinking is asked for: `adaptive`, or `enabled` with a number of tokens. */
  readonly thinking: 'adaptive' | 'enabled'
  /** Whether it thinks if it is not asked to. Then it does not show its thoughts, unless it is asked for them. */
  readonly thinksByDefault: boolean
  /** What asks it not to think. Undefined: it always thinks. */
  readonly off: 'disabled' | 'between_tools' | undefined
  /** Whether it knows an effort above `high` by the name `xhigh`. */
  readonly hasXhigh: boolean
}

/** A server that speaks Anthropic's protocol for other models. Its limit is found out if it refuses this one. */
const NO_CLAUDE: ModelTraits = {
  maxTokens: 32_000,
  thinking: 'enabled',
  thinksByDefault: false,
  off: 'disabled',
  hasXhigh: false,
}

/**
 * `claude-opus-4-1`, `claude-sonnet-4-20250514`, `claude-3-7-sonnet`, with or without a prefix such as `anthropic.`. A
 * date is no version.
 */
const NAME = /claude-(?:(\d)(?:[.-](\d{1,2}))?-)?([a-z]+)(?:-(\d)(?:[.-](\d{1,2}))?)?(?!\d)/

/** The traits of a model by its name, as Anthropic's model pages list them. */
export function traitsOf(model: string): ModelTraits {
  const name = NAME.exec(model)
  if (!name) return NO_CLAUDE
  const [, oldMajor, oldMinor, family = '', major = oldMajor, minor = oldMinor] = name
  // Names without a version, such as `claude-mythos-preview`, are taken for the newest.
  /** Such as 406 for Claude 4.6. */
  const version = major === undefined ? Number.POSITIVE_INFINITY : 100 * Number(major) + Number(minor ?? 0)
  return {
    maxTokens: maxTokensOf(family, version),
    thinking: version >= 406 ? 'adaptive' : 'enabled',
    thinksByDefault: version >= 500,
    off: offOf(family, version),
    hasXhigh: version >= 407,
  }
}

function maxTokensOf(family: string, version: number): number {
  if (version < 305) return 4_096
  if (version < 307) return 8_192
  if (version >= 406) return 128_000
  return family === 'opus' && version >= 400 && version < 405 ? 32_000 : 64_000
}

function offOf(family: string, version: number): ModelTraits['off'] {
  if (family === 'haiku' || version < 500) return 'disabled'
  if (family === 'sonnet') return version < 505 ? 'disabled' : 'between_tools'
  return family === 'opus' && version < 505 ? 'disabled' : undefined
}
