import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type Config, ConfigError } from '../config/index.ts'
import { readCertificate } from './certificate.ts'
import { answerClientErrors } from './client-errors.ts'
import { type ConnectionRefusal, limitConnections } from './connection-limit.ts'

/** A client must have sent its headers, and its whole request, within these times, in milliseconds. */
const limits = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 16 * 1024,
}

/** How many header fields a request may have. */
const maxHeaders = 200

/** What of the configuration the server needs. */
export type HttpServerConfig = Partial<Pick<Config, 'tls' | 'trustProxy' | 'maxConnections'>>

/**
 * Makes the HTTP server, or the HTTPS server when there is a certificate (TLS 1.2 and newer), with bounds on its
 * connections and on their headers.
 * @param onRefused told of what the listener never sees
 * @throws ConfigError when the certificate or its key cannot be read or used
 */
export function createHttpServer(
  listener: RequestListener,
  { tls, trustProxy = [], maxConnections = 4096 }: HttpServerConfig,
  onRefused: (reason: ConnectionRefusal, address: string) => void = () => {},
): Server {
  const bounded: RequestListener = (request, response) => {
    if (request.rawHeaders.length <= maxHeaders * 2) return listener(request, response)
    onRefused('headers_too_large', request.socket.remoteAddress ?? 'unknown')
    response.writeHead(431, { connection: 'close' }).end()
  }
  const server = tls ? createTls(bounded, tls) : createServer(limits, bounded)
  // node:http drops the headers after the 2000th in silence, and that may be the one that a proxy has added.
  server.maxHeadersCount = 0
  // A client that asks first is told to send its body when that is read, not before.
  server.on('checkContinue', (request, response) => {
    request.once('resume', () => {
      if (!response.headersSent) response.writeContinue()
    })
    // As any other request: what drains and counts must see it.
    server.emit('request', request, response)
  })
  limitConnections(server, { maxConnections, trustProxy, onRefused })
  answerClientErrors(server, onRefused)
  return server
}

function createTls(listener: RequestListener, tls: NonNullable<Config['tls']>): Server {
  const certificate = readCertificate(tls)
  try {
    return createTlsServer(
      { ...limits, handshakeTimeout: limits.headersTimeout, ...certificate, minVersion: 'TLSv1.2' },
      listener,
    )
  } catch (cause) {
    const problem = 'the certificate and the key are not a pair of PEM files'
    throw new ConfigError([{ variable: 'TLS_CERT', problem: `${problem} (${(cause as Error).message})` }])
  }
}
