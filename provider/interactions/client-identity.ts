import type { Client } from 'oidc-provider'
import { type Config, isLoopback } from '../../config/index.ts'
import { type KnownClients, preregisteredClients } from '../clients.ts'

/** Who vouches for the client. Of one that nobody vouches for, the host is shown. */
export type Verification =
  | { readonly verified: true }
  | { readonly verified: false; readonly source: 'registration' | 'metadata-document'; readonly host: string }

/** The name that the client gave itself, else its identifier. Untrusted text. */
export function clientName(client: Client): string {
  return client.clientName ?? client.clientId
}

/** Where an authorization response goes, as people should see it: a host, or an application's own scheme. */
export function redirectTarget(redirectUri: string): { host: string; thisComputer: boolean } {
  const { protocol, host } = new URL(redirectUri)
  const web = protocol === 'https:' || protocol === 'http:'
  return { host: web ? host : protocol, thisComputer: web && isLoopback(redirectUri) }
}

/** Tells the clients that were set up on this server from those that came by themselves. */
export function verifyClient(
  clientId: string,
  redirectUri: string | undefined,
  config: Pick<Config, KnownClients>,
): Verification {
  if (preregisteredClients(config).some((client) => client.client_id === clientId)) return { verified: true }
  if (clientId.startsWith('https://')) {
    return { verified: false, source: 'metadata-document', host: new URL(clientId).host }
  }
  const host = redirectUri === undefined ? '' : redirectTarget(redirectUri).host
  return { verified: false, source: 'registration', host }
}

/**
 * Whether a consent spares the user the next question. Only for a web application that was set up here and
 * proves who it is: anybody on the user's computer can claim to be a native one (RFC 8252 §8.6), and anybody
 * at all registers under any name.
 */
export function remembersConsent(client: Client, config: Pick<Config, KnownClients>): boolean {
  return (
    client.applicationType === 'web' &&
    client.clientAuthMethod !== 'none' &&
    verifyClient(client.clientId, undefined, config).verified
  )
}

/** Whether every answer goes to this computer: then any program on it can take the client's place. */
export function isLoopbackOnly({ redirectUris = [] }: Client): boolean {
  return redirectUris.length > 0 && redirectUris.every((uri) => redirectTarget(uri).thisComputer)
}
