import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type Config, ConfigError } from '../config/index.ts'

/** A client must have sent its headers, and its whole request, within these times, in milliseconds. */
const limits = { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 1000 }

/**
 * Makes the HTTP server, or the HTTPS server when there is a certificate (TLS 1.2 and newer).
 * @throws ConfigError when the certificate or its key cannot be read or used
 */
export function createHttpServer(listener: RequestListener, { tls }: Pick<Config, 'tls'>): Server {
  if (!tls) return createServer(limits, listener)
  const cert = readPem('TLS_CERT', tls.certFile)
  const key = readPem('TLS_KEY', tls.keyFile)
  try {
    return createTlsServer({ ...limits, cert, key, minVersion: 'TLSv1.2' }, listener)
  } catch (cause) {
    const problem = 'the certificate and the key are not a pair of PEM files'
    throw new ConfigError([{ variable: 'TLS_CERT', problem: `${problem} (${(cause as Error).message})` }])
  }
}

function readPem(variable: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    throw new ConfigError([
      { variable, problem: `the file cannot be read (${(cause as NodeJS.ErrnoException).code})` },
    ])
  }
}
