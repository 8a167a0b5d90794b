import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { type Challenge, parseChallenge } from '../client/challenge.ts'
import { missingScopes } from '../client/scopes.ts'
import type { Fetch } from '../client/secure-fetch.ts'

/** What a tool answered: its result, or the refusal as it stood on the wire. */
export type Answer =
  | { readonly status: 200; readonly result: unknown }
  | { readonly status: number; readonly challenge: Challenge | undefined }

/** Calls tools with whatever token it is given, and takes refusals as they come: no sign-in, no step-up. */
export interface ToolCaller {
  /** @param accessToken undefined sends none */
  call(name: string, args: Readonly<Record<string, string>>, accessToken: string | undefined): Promise<Answer>
  close(): Promise<void>
}

/** Connects with the SDK's client, and looks at what the server really answered. One call at a time. */
export async function openToolCaller(resource: string, fetch: Fetch): Promise<ToolCaller> {
  let token: string | undefined
  let last: Response | undefined
  const client = new Client(
    { name: 'gatehouse-demo', version: '0.1.0' },
    { versionNegotiation: { mode: 'auto' } },
  )
  const transport = new StreamableHTTPClientTransport(new URL(resource), {
    authProvider: { token: async () => token },
    onInsufficientScope: 'throw',
    fetch: async (url, init) => {
      last = await fetch(url, init)
      return last
    },
  })
  await client.connect(transport)
  return {
    async call(name, args, accessToken) {
      token = accessToken
      try {
        const { structuredContent, isError } = await client.callTool({ name, arguments: { ...args } })
        if (isError) throw new Error(`${name} reported an error.`)
        return { status: 200, result: structuredContent }
      } catch (error) {
        if (!last || last.ok) throw error
        return { status: last.status, challenge: await parseChallenge(last) }
      } finally {
        token = undefined
      }
    },
    close: () => client.close(),
  }
}

/** The matrix's word for an answer. */
export function describeAnswer(answer: Answer, held: readonly string[]): string {
  if ('result' in answer) return 'ok'
  const missing = missingScopes(held, answer.challenge?.scopes ?? [])
  return answer.status === 403 ? `403 ${missing.join(' ')}`.trim() : String(answer.status)
}
