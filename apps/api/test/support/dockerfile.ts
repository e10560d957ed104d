import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join, matchesGlob, relative } from 'node:path'

/** A stage of a Dockerfile: its file system in a folder of this machine, and its settings. */
export interface Stage {
  readonly root: string
  readonly env: Record<string, string>
  /** The last value of each instruction that only describes the image, such as `USER`. */
  readonly says: Record<string, string>
  workdir: string
}

/**
 * Carries out a Dockerfile with the programs of this machine, each stage in a folder of its own. Base images count as empty
 * folders.
 * @returns the last stage
 * @throws Error an instruction that this cannot carry out faithfully
 */
export async function runDockerfile(file: string, context: string, folder: string): Promise<Stage> {
  const stages = new Map<string, Stage>()
  const ignores = await readIgnoreFile(join(context, '.dockerignore'))
  let stage: Stage | undefined
  for (const { name, text } of parseDockerfile(await readFile(file, 'utf8'))) {
    if (name === 'FROM') {
      stage = await startStage(text, stages, join(folder, `stage-${stages.size}`))
      continue
    }
    if (!stage) throw new Error(`${name} comes before FROM`)
    switch (name) {
      case 'WORKDIR':
        stage.workdir = join(stage.workdir, text)
        await mkdir(join(stage.root, stage.workdir), { recursive: true })
        break
      case 'ENV':
        Object.assign(stage.env, assignments(text))
        break
      case 'RUN':
        await run(text, stage)
        break
      case 'COPY':
        await copy(text, stage, (from) =>
          from === undefined ? { root: context, ignores } : { root: find(from, stages) },
        )
        break
      default:
        if (!DESCRIPTIONS.includes(name)) throw new Error(`${name} is not understood`)
        stage.says[name] = text
    }
  }
  if (!stage) throw new Error('There is no FROM')
  return stage
}

const DESCRIPTIONS = ['CMD', 'EXPOSE', 'HEALTHCHECK', 'LABEL', 'STOPSIGNAL', 'USER']

function parseDockerfile(source: string): { name: string; text: string }[] {
  const lines = source
    .replace(/^#.*\n/gm, '')
    .replaceAll('\\\n', ' ')
    .split('\n')
  return lines.filter(Boolean).map((line) => {
    const [, name = '', text = ''] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? []
    return { name, text }
  })
}

async function startStage(text: string, stages: Map<string, Stage>, root: string): Promise<Stage> {
  const [, image = '', name = String(stages.size)] = /^(\S+)(?: AS (\S+))?$/.exec(text) ?? []
  const base = stages.get(image)
  await mkdir(root)
  if (base) await cp(base.root, root, { recursive: true, verbatimSymlinks: true })
  const stage = { root, env: { ...base?.env }, says: { FROM: image }, workdir: base?.workdir ?? '/' }
  stages.set(name, stage)
  return stage
}

/** Without them npm may reach the registry only after minutes of attempts, or not at all. */
const NETWORK_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS']

/** Runs a command in a shell, with this Node.js, its npm, and what earlier commands of the stage installed. */
async function run(command: string, { root, env, workdir }: Stage): Promise<void> {
  if (/(^|[\s="'])\//.test(command)) throw new Error(`RUN ${command}: an absolute path would leave the stage`)
  const prefix = join(root, 'usr/local')
  const path = [join(prefix, 'bin'), dirname(process.execPath), process.env['PATH']].join(':')
  const child = spawn('sh', ['-ec', command], {
    cwd: join(root, workdir),
    env: {
      ...Object.fromEntries(NETWORK_VARIABLES.map((name) => [name, process.env[name]])),
      HOME: process.env['HOME'],
      PATH: path,
      npm_config_prefix: prefix,
      npm_config_prefer_offline: 'true',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`RUN ${command} ended with ${code}:\n${output}`)
}

/** Carries out COPY. It ignores the owner of the copies, because the test need not be root. */
async function copy(
  text: string,
  { root, workdir }: Stage,
  sourceOf: (from: string | undefined) => { root: string; ignores?: Ignores },
): Promise<void> {
  const words = text.split(' ')
  const from = words.find((word) => word.startsWith('--from='))?.slice('--from='.length)
  const unknown = words.filter((word) => word.startsWith('--') && !word.startsWith('--from='))
  if (unknown.length > 0) throw new Error(`COPY ${unknown.join(' ')} is not understood`)
  const paths = words.filter((word) => !word.startsWith('--'))
  const [target = '', sources] = [paths.at(-1), paths.slice(0, -1)]
  const source = sourceOf(from)
  const destination = target.startsWith('/') ? join(root, target) : join(root, workdir, target)
  for (const path of sources) {
    const original = join(source.root, path)
    const isFolder = (await stat(original)).isDirectory()
    await cp(original, isFolder || !target.endsWith('/') ? destination : join(destination, basename(path)), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (file) => !source.ignores?.(relative(source.root, file)),
    })
  }
}

function find(name: string, stages: ReadonlyMap<string, Stage>): string {
  const stage = stages.get(name)
  if (!stage) throw new Error(`COPY --from=${name}: there is no such stage`)
  return stage.root
}

type Ignores = (path: string) => boolean

/** Reads `.dockerignore` as Docker does: the last pattern that matches the path or one of its folders decides. */
async function readIgnoreFile(file: string): Promise<Ignores> {
  const patterns = (await readFile(file, 'utf8')).split('\n').filter((line) => line && !line.startsWith('#'))
  return (path) => {
    const names = path.split('/')
    const ancestors = names.map((_, index) => names.slice(0, index + 1).join('/'))
    const last = patterns.findLast((pattern) =>
      ancestors.some((ancestor) => matchesGlob(ancestor, pattern.replace(/^!/, ''))),
    )
    const isIgnored = last !== undefined && !last.startsWith('!')
    // An ignored folder is searched all the same when an exception names something below it.
    return path !== '' && isIgnored && !patterns.some((pattern) => pattern.startsWith(`!${path}/`))
  }
}

function assignments(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(/(\w+)=(\S*)/g)].map(([, name = '', value = '']) => [name, value]))
}
