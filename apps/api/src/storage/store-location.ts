import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'

/** Where jobs are stored. */
export type StoreLocation =
  | { readonly kind: 'json-file'; readonly path: string }
  | { readonly kind: 'sqlite'; readonly path: string }
  | { readonly kind: 'postgres'; readonly url: string }

/**
 * Parses a location as it stands in `DATABASE_URL`: `postgres://…`, `sqlite:PATH`, or the path or `file:` URL of a JSON file.
 * Error messages never repeat the value, because it may have a password.
 */
export const storeLocation = z.string().trim().transform(locationOf)

/** The location for messages and logs, without user and password. */
export function describeStore(location: StoreLocation): string {
  if (location.kind !== 'postgres') return resolve(location.path)
  const { host, pathname } = new URL(location.url)
  return `postgres://${host}${pathname}`
}

function locationOf(value: string, context: z.RefinementCtx): StoreLocation {
  const fault = (message: string) => {
    context.addIssue(message)
    return z.NEVER
  }
  if (/^postgres(ql)?:/i.test(value)) {
    const isWhole = URL.canParse(value) && /^postgres(ql)?:\/\/.*\/./i.test(value)
    return isWhole
      ? { kind: 'postgres', url: value }
      : fault('Must be like postgres://user:password@host:5432/database')
  }
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(value)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'file' && scheme !== 'sqlite') {
    return fault('Must be the path of a JSON file, sqlite:PATH or postgres://user:password@host:5432/database')
  }
  const path = pathOf(value)
  if (path === undefined) return fault(`Must name a file on this machine, such as ${scheme}:///var/lib/jobs`)
  if (path === '' || path.endsWith('/')) return fault('Must name a file, not a folder')
  // SQLite would open a database in memory.
  if (scheme === 'sqlite' && path.startsWith(':')) return fault('Must name a file, because jobs are kept on disk')
  return { kind: scheme === 'sqlite' ? 'sqlite' : 'json-file', path }
}

/** A path that begins with `~/` lies in the user's home: a settings file has no shell that would say so. */
function inHome(path: string): string {
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : path
}

/** The path in `SCHEME:PATH`, or in a URL such as `file:///var/lib/jobs.json`. Undefined if the URL names another machine. */
function pathOf(value: string): string | undefined {
  const [, scheme, rest = value] = /^(file|sqlite):(.*)$/is.exec(value) ?? []
  if (scheme === undefined || !rest.startsWith('//')) return inHome(rest)
  try {
    return fileURLToPath(`file:${rest}`)
  } catch {
    return undefined
  }
}
