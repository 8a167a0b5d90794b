/** What starts an identity provider works with. */
export interface StartOptions {
  /** The MCP server's URL, which tokens have to be for. */
  readonly resource: string
  /** A folder for what it stores. */
  readonly folder: string
  /** Ports that stay free until something listens there. */
  readonly findPort: () => Promise<number>
  readonly env: Readonly<Record<string, string | undefined>>
  /** Told what takes its time. */
  readonly tell: (text: string) => void
  readonly signal: AbortSignal
}

/** An identity provider with the accounts, clients and scopes that the tests need. */
export interface StartedIdentityProvider {
  /** What the tests are told, besides what they are told of all. */
  readonly facts: Readonly<Record<string, unknown>>
  /** Stops it. */
  stop(): Promise<void>
  /** Starts it again, with what it had stored. */
  start(): Promise<void>
  /** Ends it, and what else was started for it. Default: `stop`. */
  end?(): Promise<void>
}

/** `start.ts` of each folder exports one. */
export interface Starter {
  startIdentityProvider(options: StartOptions): Promise<StartedIdentityProvider>
}

/** What every test file reads from TEST_IDP, besides the facts. */
export interface CommonFacts {
  /** Where an MCP server must be for tokens to be for it. */
  readonly mcpPort: number
  /** POST /stop and /start. */
  readonly control: string
}
