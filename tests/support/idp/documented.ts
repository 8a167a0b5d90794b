import { readFile } from 'node:fs/promises'

/** Programs that the pages show how to start. */
export type DocumentedProgram = 'mcp' | 'client'

/**
 * The variables that an identity provider's page has people type before `npm run PROGRAM`.
 * @param name of the page in docs/identity-providers
 * @throws Error when the page has no such block
 */
export async function documentedVariables(
  name: string,
  program: DocumentedProgram,
): Promise<Readonly<Record<string, string>>> {
  const page = await readFile(`docs/identity-providers/${name}.md`, 'utf8')
  const blocks = [...page.matchAll(/```sh\n(.*?)\n```/gs)].map(([, text = '']) => text.replaceAll('\\\n', ''))
  const command = blocks.find((text) => text.endsWith(` npm run ${program}`))
  if (command === undefined) throw new Error(`The page of ${name} does not say how to run ${program}.`)
  const assignments = command.matchAll(/([A-Z_]+)=(?:'([^']*)'|(\S+))/g)
  return Object.fromEntries([...assignments].map(([, key, quoted, bare]) => [key, quoted ?? bare]))
}
