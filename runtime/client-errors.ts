import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionRefusal } from './connection-limit.ts'

interface Answer {
  readonly reason: ConnectionRefusal
  readonly status: string
}

const malformed: Answer = { reason: 'malformed', status: '400 Bad Request' }

const answers: Readonly<Record<string, Answer>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { reason: 'timeout', status: '408 Request Timeout' },
  HPE_HEADER_OVERFLOW: { reason: 'headers_too_large', status: '431 Request Header Fields Too Large' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { reason: 'malformed', status: '413 Payload Too Large' },
}

/**
 * Answers what is no HTTP request, and what does not arrive in time, as node:http does by itself, and tells of it:
 * node:http would refuse it in silence.
 */
export function answerClientErrors(
  server: Server,
  onRefused: (reason: ConnectionRefusal, address: string) => void,
): void {
  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket & { readonly _httpMessage?: { readonly headersSent: boolean } }
    // A client that went away was not refused.
    if (error.code !== 'ECONNRESET') {
      const { reason, status } = answers[error.code ?? ''] ?? malformed
      onRefused(reason, socket.remoteAddress ?? 'unknown')
      if (socket.writable && !socket._httpMessage?.headersSent) {
        socket.write(`HTTP/1.1 ${status}\r\nConnection: close\r\n\r\n`)
      }
    }
    socket.destroy(error)
  })
}
