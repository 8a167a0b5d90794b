import type { OAuthClient } from '../oauth-client.ts'

/** What a command works with. */
export interface CommandContext {
  /** The MCP server's URL. */
  readonly resource: string
  readonly client: OAuthClient
  /** Writes a result to standard output. The text must be printable. */
  readonly print: (text: string) => void
  /** Tells the person something on standard error. The text must be printable. */
  readonly tell: (text: string) => void
}
