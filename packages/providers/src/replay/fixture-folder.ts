import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Fixture, issueSentence } from '@promptlab/contract'
import { type RequestShape, shapeKey, shapeOfFixture } from './request-shape.ts'

/** A larger file is not read: it would fill the memory. */
const MAX_FILE_BYTES = 128 * 1024 * 1024
/** So many faults of a file are told. */
const TOLD_FAULTS = 3

/** A fixture in its file. */
export interface PlayableFixture {
  readonly fixture: Fixture
  readonly shape: RequestShape
  readonly key: string
  /** How often it was called since its file was read. */
  calls: number
}

/** A file of the folder, as it was when it was read. */
interface ReadFile {
  /** The times of its last change, and its size. */
  readonly state: string
  readonly playable?: PlayableFixture
  /** Why it cannot be played. */
  readonly fault?: string
}

/**
 * A folder of fixtures: its files that end in `.json`, in the order of their names. Files that were changed are read again at each
 * look. It is made for some hundred files, and reads them in one go, because the models of a provider must be known at any time.
 */
export class FixtureFolder {
  readonly #path: string
  #files = new Map<string, ReadFile>()
  #fault: string | undefined

  constructor(path: string) {
    this.#path = path
    this.refresh()
  }

  /** Reads what was changed. Never throws: what cannot be read is in `faults`. */
  refresh(): void {
    const files = new Map<string, ReadFile>()
    this.#fault = undefined
    for (const name of this.#names()) files.set(name, this.#read(name))
    this.#files = files
  }

  /** The fixtures by the names of their files. */
  get fixtures(): ReadonlyMap<string, PlayableFixture> {
    return new Map([...this.#files].flatMap(([name, { playable }]) => (playable ? [[name, playable] as const] : [])))
  }

  /** What cannot be played: sentences that begin with the name of a file, without its content. */
  get faults(): readonly string[] {
    const files = [...this.#files].flatMap(([name, { fault }]) => (fault === undefined ? [] : [`${name} ${fault}`]))
    return this.#fault === undefined ? files : [this.#fault, ...files]
  }

  #names(): string[] {
    try {
      return readdirSync(this.#path)
        .filter((name) => /^[^.].*\.json$/.test(name))
        .sort()
    } catch (error) {
      this.#fault = `The folder of fixtures cannot be read (${codeOf(error)})`
      return []
    }
  }

  #read(name: string): ReadFile {
    const path = join(this.#path, name)
    const known = this.#files.get(name)
    try {
      const stats = statSync(path)
      const { mtimeMs, ctimeMs, ino, size } = stats
      const state = `${mtimeMs} ${ctimeMs} ${ino} ${size}`
      if (known?.state === state) return known
      // To read a pipe would wait for its writer, and nothing else would run meanwhile. A device may never end.
      if (!stats.isFile()) return { state, fault: 'is no file' }
      return { state, ...(size > MAX_FILE_BYTES ? TOO_LARGE : contentOf(readFileSync(path, 'utf8'))) }
    } catch (error) {
      return { state: '', fault: `cannot be read (${codeOf(error)})` }
    }
  }
}

const TOO_LARGE = { fault: `is larger than ${MAX_FILE_BYTES} bytes` }

function contentOf(text: string): Pick<ReadFile, 'playable' | 'fault'> {
  let value: unknown
  try {
    // Some editors begin a file with the mark of its byte order.
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    // The error quotes the file.
    const [place] = /\(line \d+ column \d+\)/.exec(String(error)) ?? []
    return { fault: place === undefined ? 'is not JSON' : `is not JSON ${place}` }
  }
  const { data: fixture, error } = Fixture.safeParse(value, { error: issueSentence })
  if (!fixture) return { fault: `is no fixture: ${faultsOf(error.issues)}` }
  const shape = shapeOfFixture(fixture.request)
  return { playable: { fixture, shape, key: shapeKey(shape), calls: 0 } }
}

function faultsOf(issues: Issues): string {
  const told = issues.slice(0, TOLD_FAULTS).map((issue) => {
    const place = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]] : issue.path
    return `${place.join('.') || 'the file'}: ${issue.message}`
  })
  const rest = issues.length - told.length
  return [...told, ...(rest > 0 ? [`${rest} more`] : [])].join('; ')
}

type Issues = NonNullable<ReturnType<typeof Fixture.safeParse>['error']>['issues']

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
}
