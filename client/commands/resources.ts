import { printable, printableLine } from '../../runtime/printable.ts'
import { type ExitStatus, exitStatus } from '../failure.ts'
import { requestTimeoutMs } from '../mcp-session.ts'
import { renderColumns, renderJson } from '../render.ts'
import { type CommandContext, withSession } from './context.ts'

/** Lists what the server has to read: resources, and the patterns of further ones. */
export async function listResources(context: CommandContext): Promise<ExitStatus> {
  const { json, print, tell } = context
  return await withSession(context, async (session) => {
    const timeout = requestTimeoutMs
    const { resources } = await session.listResources(undefined, { timeout })
    const { resourceTemplates } = await session.listResourceTemplates(undefined, { timeout })
    if (json) {
      print(renderJson({ resources, resourceTemplates }))
      return exitStatus.ok
    }
    const rows = [
      ...resources.map(({ uri, title, name }) => [printableLine(uri), printableLine(title ?? name)]),
      ...resourceTemplates.map(({ uriTemplate, title, name }) => [
        printableLine(uriTemplate),
        `${printableLine(title ?? name)} (a pattern)`,
      ]),
    ]
    if (rows.length === 0) tell('The server has no resources for you.')
    else print(renderColumns([['URI', 'WHAT IT IS'], ...rows], '  '))
    return exitStatus.ok
  })
}

/** Prints a resource: text as it is, anything else by its size. */
export async function readResource(context: CommandContext, uri: string): Promise<ExitStatus> {
  const { json, print } = context
  return await withSession(context, async (session) => {
    const result = await session.readResource({ uri }, { timeout: requestTimeoutMs })
    if (json) print(renderJson(result))
    else for (const content of result.contents) print(renderContent(content))
    return exitStatus.ok
  })
}

function renderContent(content: { text: string } | { blob: string; mimeType?: string | undefined }): string {
  if ('text' in content) return printable(content.text)
  const bytes = Buffer.from(content.blob, 'base64').length
  return printableLine(`(${content.mimeType ?? 'binary'}, ${bytes} bytes: --json prints it in Base64)`)
}
