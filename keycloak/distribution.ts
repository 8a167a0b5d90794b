import { execFile } from 'node:child_process'
import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join } from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'

/** The version that is fetched where there is none. */
export const keycloakVersion = '26.7.0'

/** Where Keycloak comes from: a folder with the unpacked distribution, or an image. */
export type Distribution =
  | { readonly kind: 'folder'; readonly home: string; readonly origin: string }
  | {
      readonly kind: 'image'
      readonly command: string
      readonly image: string
      readonly origin: string
    }

/** There is no Keycloak, or nothing to run it with. The message says what to install or set. */
export class KeycloakMissing extends Error {
  override readonly name = 'KeycloakMissing'
}

/** What is looked at. */
export interface DistributionOptions {
  /** KEYCLOAK_HOME, PATH, JAVA_HOME and XDG_CACHE_HOME count. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told what takes its time. */
  readonly tell: (text: string) => void
}

type Env = DistributionOptions['env']

const run = promisify(execFile)
const script = process.platform === 'win32' ? 'kc.bat' : 'kc.sh'

/** The script that starts an unpacked distribution. */
export function scriptOf(home: string): string {
  return join(home, 'bin', script)
}

/**
 * Finds a Keycloak: in KEYCLOAK_HOME; else fetched from Maven Central, once for all checkouts; else as an image.
 * @throws KeycloakMissing when there is none of them
 */
export async function findDistribution({ env, tell }: DistributionOptions): Promise<Distribution> {
  const given = env.KEYCLOAK_HOME
  const java = await findJava(env)
  if (given) {
    await requireKeycloak(given)
    if (!java.usable) throw new KeycloakMissing(`KEYCLOAK_HOME is set, but ${java.problem}`)
    return { kind: 'folder', home: given, origin: 'KEYCLOAK_HOME' }
  }
  const cached = join(cacheFolder(env), `keycloak-${keycloakVersion}`)
  const isCached = await exists(scriptOf(cached))
  const hasMaven = await works('mvn', ['-v'], env)
  if (java.usable && (isCached || hasMaven)) {
    if (!isCached) await download(cached, { env, tell })
    return { kind: 'folder', home: cached, origin: cached }
  }
  for (const command of ['docker', 'podman']) {
    if (!(await works(command, ['info'], env))) continue
    const image = `quay.io/keycloak/keycloak:${keycloakVersion}`
    return { kind: 'image', command, image, origin: `${command}, ${image}` }
  }
  throw new KeycloakMissing(`There is no Keycloak here, and nothing to get one with. One of these will do:
  - Java 17 or newer and Maven, which fetch it once (Debian: apt-get install default-jre-headless maven).
    ${java.usable ? `Java is here: ${java.version}.` : `Now ${java.problem}`} ${hasMaven ? 'Maven is here.' : 'There is no mvn.'}
  - KEYCLOAK_HOME=the folder of an unpacked Keycloak 26 (https://www.keycloak.org/downloads), and Java.
  - Docker or Podman, running.`)
}

async function requireKeycloak(home: string): Promise<void> {
  if (!(await exists(scriptOf(home)))) {
    throw new KeycloakMissing(
      `KEYCLOAK_HOME is ${home}, where there is no bin/${script}: it must be the folder of an unpacked Keycloak.`,
    )
  }
  const version = await readFile(join(home, 'version.txt'), 'utf8').catch(() => '')
  if (!/\b26\./.test(version)) {
    throw new KeycloakMissing(
      `KEYCLOAK_HOME is ${home}, which is ${version.trim() || 'of an unknown version'}: Keycloak 26 is needed.`,
    )
  }
}

type Java = { readonly usable: true; readonly version: string } | { readonly usable: false; problem: string }

async function findJava(env: Env): Promise<Java> {
  const command = env.JAVA_HOME ? join(env.JAVA_HOME, 'bin', 'java') : 'java'
  const answer = await run(command, ['-version'], { env }).catch(() => undefined)
  if (!answer) return { usable: false, problem: `there is no Java: ${command} cannot be run.` }
  const [, version = ''] = /version "([^"]+)"/.exec(answer.stderr + answer.stdout) ?? []
  return Number.parseInt(version, 10) >= 17
    ? { usable: true, version }
    : { usable: false, problem: `Java is too old: ${version || 'unknown'}, and Keycloak needs 17 or newer.` }
}

/** Outside the checkout: a clean one need not fetch again. */
export function cacheFolder({ XDG_CACHE_HOME = '' }: Env): string {
  return join(isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : join(homedir(), '.cache'), 'mcp-gatehouse')
}

const unpack = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:unpack'

/** Maven checks the checksum, and knows the user's proxy and mirror. It appears whole, or not at all. */
async function download(folder: string, { env, tell }: DistributionOptions): Promise<void> {
  const artifact = `org.keycloak:keycloak-quarkus-dist:${keycloakVersion}:zip`
  tell(`Fetching Keycloak ${keycloakVersion} from Maven Central, 170 MB, once …`)
  await mkdir(join(folder, '..'), { recursive: true })
  const work = await mkdtemp(`${folder}.`)
  try {
    await run('mvn', ['-q', '-B', '-C', unpack, `-Dartifact=${artifact}`, `-DoutputDirectory=${work}`], {
      cwd: work,
      env,
    })
    await rename(join(work, `keycloak-${keycloakVersion}`), folder)
  } catch (cause) {
    // Somebody else may have been faster.
    if (await exists(scriptOf(folder))) return
    const { stdout = '', message } = cause as Error & { stdout?: string }
    throw new KeycloakMissing(`Keycloak could not be fetched: ${stdout.trim() || message}`, { cause })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function works(command: string, args: readonly string[], env: Env): Promise<boolean> {
  return await run(command, args, { env, timeout: 20_000 }).then(
    () => true,
    () => false,
  )
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
