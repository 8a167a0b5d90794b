import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { cacheFolder } from '../../../keycloak/distribution.ts'
import type { StartOptions } from '../identity-provider.ts'

const hydraVersion = '2.3.0'

/** What its module asks for at least. */
const goVersion = '1.22'

/** The replacement is Hydra's own: a module's replacements do not reach those who use it. */
const goModule = `module example.com/hydra

go ${goVersion}

require github.com/ory/hydra/v2 v${hydraVersion}

replace github.com/gobuffalo/pop/v6 => github.com/ory/pop/v6 v6.2.1-0.20241121111754-e5dfc0f3344b
`

const run = promisify(execFile)

/**
 * Finds a Hydra: in HYDRA; else built from the Go module, once for all checkouts.
 * @returns the program's path
 * @throws Error that says what to install or set
 */
export async function findHydra({
  env,
  tell,
  signal,
}: Pick<StartOptions, 'env' | 'tell' | 'signal'>): Promise<string> {
  if (env.HYDRA) return env.HYDRA
  const program = join(cacheFolder(env), `hydra-${hydraVersion}`, 'hydra')
  if (await exists(program)) return program
  const problem = await missingTool(env)
  if (problem !== undefined) {
    throw new Error(`${problem} to build Hydra with. One of these will do:
  - Go ${goVersion} or newer (https://go.dev/dl, or golang-go of Debian 13 or newer) and gcc, which build it once.
  - HYDRA=the path of a program of Ory Hydra 2 with SQLite in it.`)
  }
  tell(`Building Hydra ${hydraVersion} from its Go module, once; that takes minutes …`)
  await build(program, { env, signal })
  return program
}

async function missingTool(env: StartOptions['env']): Promise<string | undefined> {
  const versionOf = async (command: string, option: string) =>
    await run(command, [option], { env }).then(
      ({ stdout }) => stdout,
      () => undefined,
    )
  const [go, gcc] = [await versionOf('go', 'version'), await versionOf('gcc', '--version')]
  if (go === undefined) return 'There is no go'
  const [, version = ''] = /go(\d+\.\d+)/.exec(go) ?? []
  if (version.localeCompare(goVersion, 'en', { numeric: true }) < 0) return `Go ${version} is too old`
  return gcc === undefined ? 'There is no gcc' : undefined
}

/** Go checks the checksums. The program appears whole, or not at all. */
async function build(program: string, { env, signal }: Pick<StartOptions, 'env' | 'signal'>): Promise<void> {
  const folder = dirname(program)
  await mkdir(folder, { recursive: true })
  const work = await mkdtemp(`${folder}.`)
  try {
    await writeFile(join(work, 'go.mod'), goModule)
    const options = ['-mod=mod', '-tags=sqlite,json1', '-trimpath', '-ldflags=-s -w', '-o', 'hydra']
    await run('go', ['build', ...options, 'github.com/ory/hydra/v2'], {
      cwd: work,
      env: { ...env, CGO_ENABLED: '1', GOFLAGS: '' },
      signal,
      maxBuffer: 2 ** 26,
    })
    await rename(join(work, 'hydra'), program)
  } catch (cause) {
    const { stderr = '', message } = cause as Error & { stderr?: string }
    throw new Error(`Hydra could not be built: ${stderr.trim().slice(-2000) || message}`, { cause })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
