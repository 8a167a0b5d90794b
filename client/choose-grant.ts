import { readFile } from 'node:fs/promises'
import type { CommandOptions } from './command-line.ts'
import { ClientFailure, codeOf, exitStatus } from './failure.ts'
import { authorizationCode } from './grants/authorization-code.ts'
import { clientCredentials } from './grants/client-credentials.ts'
import { type DeviceInstructions, deviceCode } from './grants/device-code.ts'
import { type EnterpriseManagedOptions, enterpriseManaged } from './grants/enterprise-managed.ts'
import type { Grant } from './grants/grant.ts'
import { jwtBearer } from './grants/jwt-bearer.ts'
import type { PastedCallback } from './loopback-redirect.ts'

/** What signing in needs of the terminal. */
export interface SignInTerminal {
  /** Shows the user the authorization URL, and opens it where possible. */
  readonly visit: (url: URL) => Promise<void>
  /** Told of the callback before it is judged. */
  readonly onCallback: (callback: URL) => void
  /** Takes a callback that the user pastes. Absent where nobody can type. */
  readonly pastedCallback?: PastedCallback
  /** Tells the user what to do on another device. */
  readonly show: (instructions: DeviceInstructions) => void
  readonly signal: AbortSignal
}

/** The grant that the command line asks for. */
export function chooseGrant(
  options: CommandOptions,
  terminal: SignInTerminal,
  env: Readonly<Record<string, string | undefined>>,
): Grant {
  switch (options.grant) {
    case 'device':
      return deviceCode(terminal)
    case 'client-credentials':
      return clientCredentials()
    case 'assertion':
      return jwtBearer({ assertion: async () => await readToken(options.assertionFile ?? '') })
    case 'enterprise':
      return enterpriseManaged({
        ...enterpriseIdp(env),
        idToken: async () => await readToken(options.idTokenFile ?? ''),
      })
    case 'browser':
      return authorizationCode(terminal)
  }
}

/** The enterprise's identity provider, and this client's registration there. */
function enterpriseIdp({
  IDP_ISSUER,
  IDP_CLIENT_ID,
  IDP_CLIENT_SECRET,
}: Readonly<Record<string, string | undefined>>): Omit<EnterpriseManagedOptions, 'idToken'> {
  if (!IDP_ISSUER || !IDP_CLIENT_ID) {
    throw new ClientFailure('--id-token-file needs to know whose token it is.', {
      status: exitStatus.usage,
      hint: 'Set IDP_ISSUER to the identity provider, and IDP_CLIENT_ID (and IDP_CLIENT_SECRET) to the registration of this client there.',
    })
  }
  return {
    idpIssuer: IDP_ISSUER,
    idpClient: { clientId: IDP_CLIENT_ID, ...(IDP_CLIENT_SECRET && { clientSecret: IDP_CLIENT_SECRET }) },
  }
}

/** Read anew each time: platforms renew what they give. */
async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (cause) {
    throw new ClientFailure(`The file ${file} cannot be read (${codeOf(cause)}).`, {
      status: exitStatus.usage,
      hint: 'It holds the signed token that somebody else has given you.',
      cause,
    })
  }
}
