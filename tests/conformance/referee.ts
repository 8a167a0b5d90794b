import { spawn } from 'node:child_process'
import { glob, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))
const referee = join(root, 'node_modules/@modelcontextprotocol/conformance')
const node = [process.execPath, '-r', './runtime/require-node.cjs']

/** The command that the referee runs for each scenario; its last argument is the server's URL. */
export const clientCommand = [...node, 'tests/conformance/client.ts'].map((word) => `"${word}"`).join(' ')

/** What the referee found in one scenario. */
export interface Verdict {
  readonly passed: number
  /** Descriptions of the checks that failed, or were warned about. */
  readonly problems: readonly string[]
}

/** One run of the referee. */
export interface RefereeRun {
  readonly exitCode: number | null
  readonly output: string
  /** By scenario. */
  readonly verdicts: ReadonlyMap<string, Verdict>
}

/** @param onOutput told of what the referee writes, as it writes it */
export async function runReferee(
  args: readonly string[],
  onOutput: (text: string) => void = () => {},
): Promise<RefereeRun> {
  const folder = await mkdtemp(join(tmpdir(), 'conformance-'))
  try {
    const child = spawn(process.execPath, [join(referee, 'dist/index.js'), ...args, '-o', folder], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        onOutput(text)
      })
    }
    const ended = Promise.withResolvers<number | null>()
    child.once('error', ended.reject)
    child.once('close', ended.resolve)
    const exitCode = await ended.promise
    return { exitCode, output, verdicts: await readVerdicts(folder) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function readVerdicts(folder: string): Promise<ReadonlyMap<string, Verdict>> {
  const verdicts = new Map<string, Verdict>()
  for await (const path of glob('**/checks.json', { cwd: folder })) {
    const scenario = path.replace(/-\d{4}-\d\d-\d\dT[^/]*\/checks\.json$/, '')
    const checks: { status: string; id: string; description: string; errorMessage?: string }[] = JSON.parse(
      await readFile(join(folder, path), 'utf8'),
    )
    const problems = checks
      .filter(({ status }) => status === 'FAILURE' || status === 'WARNING')
      .map(({ id, description, errorMessage }) => `${id}: ${errorMessage ?? description}`)
    verdicts.set(scenario, {
      passed: checks.filter(({ status }) => status === 'SUCCESS').length,
      problems,
    })
  }
  return verdicts
}

/** The scenarios that an MCP revision requires of a client, frozen when it was released. */
export async function requiredScenarios(revision: string): Promise<readonly string[]> {
  const text = await readFile(join(referee, `requirements/${revision}.yaml`), 'utf8')
  const [, list = ''] = /^client:\n((?: {2}- .*\n)+)/m.exec(text) ?? []
  return [...list.matchAll(/- (\S+)/g)].map(([, name = '']) => name)
}
