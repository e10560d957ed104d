import { statSync } from 'node:fs'
import { isIP, isIPv6 } from 'node:net'
import { z } from 'zod'
import { commandLine } from '../base/command-line.ts'
import { type ApiKey, digestOf } from '../http/access/api-keys.ts'

/** setTimeout takes no more than this many milliseconds. */
export const MAX_DELAY_MS = 2_147_483_647

/**
 * A form of text that `read` turns into a value, or into undefined if the text has another form. The fault repeats the
 * text, so do not use this function for secrets.
 */
function form<Value>(expected: string, read: (text: string) => Value | undefined) {
  return z.string().transform((text, context): Value => {
    const value = read(text)
    if (value !== undefined) return value
    context.addIssue(`Must be ${expected}, not "${text}"`)
    return z.NEVER
  })
}

export function wholeNumber(min: number, max: number) {
  return form(`a whole number from ${min} to ${max}`, (text) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    return number >= min && number <= max ? number : undefined
  })
}

/** The same, or the word `off`. */
export function wholeNumberOrOff(min: number, max: number) {
  return form(`a whole number from ${min} to ${max}, or off`, (text) => {
    if (text === 'off') return text
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN
    return number >= min && number <= max ? number : undefined
  })
}

const MAX_HOURS = 1_000_000

export const hours = form(`a number of hours above 0 and up to ${MAX_HOURS}, such as 24 or 0.5`, (text) => {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  return number > 0 && number <= MAX_HOURS ? number : undefined
})

export const share = form('a number from 0 to 1, such as 0.25', (text) =>
  /^\d*\.?\d+$/.test(text) && Number(text) <= 1 ? Number(text) : undefined,
)

/** The most that a speed may be, and one above 0 the least. Beyond, a pause is nothing, or days. */
const SPEED = { min: 0.001, max: 1_000 }

export const speed = form(`0, or a number from ${SPEED.min} to ${SPEED.max}, such as 2 or 0.5`, (text) => {
  const number = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN
  return number === 0 || (number >= SPEED.min && number <= SPEED.max) ? number : undefined
})

export function oneOf<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, { error: ({ input }) => `Must be one of ${values.join(', ')}, not "${input}"` })
}

/** A URL. The faults do not repeat it, because it may hold a password. */
function url(protocol: RegExp, beginnings: string, example: string) {
  const isOfProtocol = new RegExp(`^\\s*${protocol.source.replaceAll(/[\^$]/g, '')}://`, 'i')
  return z.url({
    protocol,
    error: ({ input }) =>
      isOfProtocol.test(String(input))
        ? `Is not a valid URL; write it like ${example}`
        : `Must begin with ${beginnings}, such as ${example}`,
  })
}

export function webUrl(example: string) {
  return url(/^https?$/, 'http:// or https://', example)
}

export const redisUrl = url(/^rediss?$/, 'redis:// or rediss://', 'redis://localhost:6379')

function itemsOf(text: string): string[] {
  return text.split(',').map((item) => item.trim())
}

/** The path of a JSON file. */
export const jsonFile = form('the path of a JSON file, such as prices.json', (text) =>
  /\.json$/i.test(text) ? text : undefined,
)

/** The path of a folder that is there. */
export const folder = form('the path of a folder that is there', (text) => (isFolder(text) ? text : undefined))

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory()
  } catch {
    return false
  }
}

/** Texts separated by commas. */
export const list = form('a comma-separated list without an empty item', (text) => {
  const items = itemsOf(text)
  return items.includes('') ? undefined : items
})

/** A list whose items all have one form. There is a fault for each item that has another. */
function listOf(isItem: (text: string) => boolean, expected: string) {
  return list.superRefine((items, context) => {
    for (const item of items) if (!isItem(item)) context.addIssue(`Each item must be ${expected}, not "${item}"`)
  })
}

export const addresses = listOf((text) => {
  const [address = '', bits, ...rest] = text.split('/')
  const isBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv6(address) ? 128 : 32))
  return isIP(address) !== 0 && isBits && rest.length === 0
}, 'an IP address or a range such as 10.0.0.0/8')

export const origins = listOf(
  (text) => text === '*' || (URL.canParse(text) && new URL(text).origin === text),
  'an origin such as https://app.example.com, or *',
)

/** Names of hosts, in lower case. */
export const hosts = listOf(
  (text) => /^(?:[\w.-]+|\[[\da-f:]+\])(?::\d{1,5})?$/i.test(text),
  'the name of a host such as jobs.example.com or jobs.example.com:8080',
).transform((items) => items.map((item) => item.toLowerCase()))

/** Hosts without ports, in lower case: names, addresses, `*.` before a name, or `*`. */
export const receiverHosts = listOf((text) => {
  const isName = /^(?:\*\.)?[\w-]+(?:\.[\w-]+)*$/.test(text) && !/(?:^|\.)\d+$/.test(text)
  return text === '*' || isName || isIP(text.replace(/^\[|\]$/g, '')) !== 0
}, 'the name of a host such as hooks.example.com or *.example.com, an IP address, or *').transform((items) =>
  items.map((item) => item.toLowerCase()),
)

const WEBHOOK_KEY = /^whsec_((?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?)$/

/** Keys by which webhooks are signed, separated by commas. The faults repeat nothing. */
export const webhookKeys = z.string().transform((text, context): Buffer[] =>
  itemsOf(text).map((item, index) => {
    const key = Buffer.from(WEBHOOK_KEY.exec(item)?.[1] ?? '', 'base64')
    if (key.length >= 24 && key.length <= 64) return key
    context.addIssue(
      `Key ${index + 1} must be whsec_ and the base64 of 24 to 64 bytes; ${commandLine('new-key --webhook')} makes one`,
    )
    return z.NEVER
  }),
)

/** A text by which the server signs. The fault does not repeat it. */
export function secret(minLength: number) {
  return z.string().min(minLength, {
    error: ({ input }) => `Must be ${minLength} characters or more, not ${String(input).length}`,
  })
}

/** Reads a key as it is, or `sha256:` and its digest in hexadecimal digits, which does not reveal the key. */
function keyDigest(text: string): Buffer | undefined {
  const [, hex, key] = /^(?:sha256:([\da-f]{64})|(?!sha256:)([\x21-\x7e]{16,200}))$/i.exec(text) ?? []
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  return key === undefined ? undefined : digestOf(key)
}

// The faults of keys repeat nothing, because a mistyped key is still almost a key.
const KEY_FORM = '16 to 200 visible ASCII characters, or sha256: and 64 hexadecimal digits'

/** Entries `NAME:KEY`, separated by commas. */
export const apiKeys = z.string().transform((text, context): ApiKey[] =>
  itemsOf(text).map((item, index) => {
    const [, name, key = ''] = /^([\w.-]{1,64}):(.*)$/s.exec(item) ?? []
    const digest = keyDigest(key)
    if (name !== undefined && digest) return { name, digest }
    const nameForm = '1 to 64 letters, digits, "_", "." or "-"'
    context.addIssue(
      `Entry ${index + 1} must be NAME:KEY; NAME is ${nameForm}; KEY is ${KEY_FORM}; ${commandLine('new-key NAME')} makes one`,
    )
    return z.NEVER
  }),
)

/** A key that belongs to no caller. It is kept under this name. */
export function key(name: string) {
  return z.string().transform((text, context): ApiKey => {
    const digest = keyDigest(text.trim())
    if (digest) return { name, digest }
    context.addIssue(`Must be a key of ${KEY_FORM}`)
    return z.NEVER
  })
}
