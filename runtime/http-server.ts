import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type Config, ConfigError } from '../config/index.ts'
import { readCertificate } from './certificate.ts'

/** A client must have sent its headers, and its whole request, within these times, in milliseconds. */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 }

/**
 * Makes the HTTP server, or the HTTPS server when there is a certificate (TLS 1.2 and newer).
 * @throws ConfigError when the certificate or its key cannot be read or used
 */
export function createHttpServer(listener: RequestListener, { tls }: Pick<Config, 'tls'>): Server {
  if (!tls) return createServer(limits, listener)
  const certificate = readCertificate(tls)
  try {
    return createTlsServer({ ...limits, ...certificate, minVersion: 'TLSv1.2' }, listener)
  } catch (cause) {
    const problem = 'the certificate and the key are not a pair of PEM files'
    throw new ConfigError([{ variable: 'TLS_CERT', problem: `${problem} (${(cause as Error).message})` }])
  }
}
