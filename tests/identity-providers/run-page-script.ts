import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'

/**
 * Runs the first script of a page, so that what the page says is what is tested.
 * @param page such as `docs/identity-providers/hydra.md`
 * @param env what the page has people set before
 * @throws Error with what it wrote, when a command in it fails
 */
export async function runPageScript(
  page: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const [, script] = /^```bash\n(.*?)^```$/ms.exec(await readFile(page, 'utf8')) ?? []
  if (script === undefined) throw new Error(`${page} has no script.`)
  const child = spawn('bash', ['-euo', 'pipefail', '-c', script], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`The script of ${page} ended with ${code}:\n${output}`)
}
