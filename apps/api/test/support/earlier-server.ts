import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, it } from 'vitest'

/** The last commit whose server knows jobs of a prompt and answers of text alone. */
const BEFORE_ANSWERS = 'ae80327dd79ad081f1ede63df7e47bbeeef81240'
const MISSING = `the history of this clone does not have the commit ${BEFORE_ANSWERS}; run git fetch --unshallow to include these tests`

const REPOSITORY = fileURLToPath(new URL('../../../../', import.meta.url))
const PACKAGES = ['apps/api', 'packages/contract', 'packages/providers']
const run = promisify(execFile)

/** The arguments with which Node.js runs the earlier server. */
export type EarlierServer = () => readonly string[]

/**
 * Defines tests that run the built server of the version before messages and parts. Where the clone does not have its commit,
 * they are skipped with a message; in CI they fail.
 */
export async function describeWithEarlierServer(
  name: string,
  define: (program: EarlierServer) => Promise<void> | void,
): Promise<void> {
  if (!(await isInHistory())) {
    if (process.env['CI']) throw new Error(MISSING)
    describe(name, () => void it('needs the history of the repository', ({ skip }) => skip(MISSING)))
    return
  }
  await describe(name, async () => {
    let folder = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'promptlab-earlier-'))
      await buildIn(folder)
    }, 120_000)
    afterAll(() => rm(folder, { recursive: true, force: true }))
    await define(() => [join(folder, 'apps/api/dist/main.js')])
  })
}

async function isInHistory(): Promise<boolean> {
  return await run('git', ['cat-file', '-e', `${BEFORE_ANSWERS}^{commit}`], { cwd: REPOSITORY }).then(
    () => true,
    () => false,
  )
}

async function buildIn(folder: string): Promise<void> {
  const archive = join(folder, 'sources.tar')
  const paths = ['package.json', 'tsconfig.base.json', ...PACKAGES]
  await run('git', ['archive', `--output=${archive}`, BEFORE_ANSWERS, ...paths], { cwd: REPOSITORY })
  await run('tar', ['-xf', archive, '-C', folder])
  for (const path of PACKAGES) await linkPackages(join(REPOSITORY, path), join(folder, path), folder)
  await run(process.execPath, [join(folder, 'apps/api/build.ts')])
}

/**
 * Gives a package what it depends on: from outside as it is installed here, and of the repository what is in the folder. A
 * package that only the earlier version needs, such as `p-retry`, is among the `devDependencies`.
 */
async function linkPackages(installed: string, target: string, folder: string): Promise<void> {
  const from = join(installed, 'node_modules')
  for (const entry of await readdir(from).catch(() => [])) {
    if (entry.startsWith('.') || entry === '@promptlab') continue
    await link(join(from, entry), join(target, 'node_modules', entry))
  }
  for (const path of PACKAGES.slice(1)) {
    await link(join(folder, path), join(target, 'node_modules/@promptlab', path.replace('packages/', '')))
  }
}

async function link(target: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await symlink(target, path)
}
