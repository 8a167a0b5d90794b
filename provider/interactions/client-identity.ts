import type { Client } from 'oidc-provider'
import { type Config, isLoopback } from '../../config/index.ts'
import type { ConsentVerification } from '../views/consent.ts'

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
  client: Client,
  redirectUri: string | undefined,
  config: Pick<Config, 'client'>,
): ConsentVerification {
  if (client.clientId === config.client.id) return { verified: true }
  const document = client.clientId.startsWith('https://') ? new URL(client.clientId) : undefined
  return document
    ? { verified: false, source: 'metadata-document', host: document.host }
    : {
        verified: false,
        source: 'registration',
        host: redirectUri === undefined ? '' : redirectTarget(redirectUri).host,
      }
}
