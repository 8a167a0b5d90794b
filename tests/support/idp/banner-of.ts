import { findFreePort, startProgram } from '../programs.ts'

/** What `npm run mcp` says in that environment when it has started. It is stopped again. */
export async function bannerOf(env: Readonly<Record<string, string>>): Promise<string> {
  const mcp = startProgram('resource-server/main.ts', { ...env, PORT: String(await findFreePort()) })
  await mcp.wrote(/Ctrl-C stops it/)
  return (await mcp.stop()).stdout
}
