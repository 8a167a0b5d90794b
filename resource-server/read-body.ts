import { errorBody } from './auth/json-rpc.ts'

/** The largest body that is read, in bytes. */
export const maxBodyBytes = 1024 * 1024

/** A body that is not read, as the HTTP answer to it. */
export function refuseBody(reason: 'too_large' | 'encoded'): Response {
  const [status, message] =
    reason === 'too_large'
      ? [413, `The body is larger than ${maxBodyBytes} bytes.`]
      : [415, 'Send the body without content-encoding.']
  // The rest of the body is not read: whatever follows on this connection would be taken for it.
  return new Response(errorBody(-32600, message), {
    status,
    headers: { 'content-type': 'application/json', connection: 'close' },
  })
}

/** True when the body is not sent as it is. */
export function isEncoded(contentEncoding: string | null | undefined): boolean {
  return (
    contentEncoding !== null && contentEncoding !== undefined && contentEncoding.toLowerCase() !== 'identity'
  )
}

/**
 * Reads the body of a web-standard request, up to the bound.
 * @returns the bytes, or the answer to a body that is refused
 */
export async function readBody(request: Request): Promise<Uint8Array | Response> {
  if (isEncoded(request.headers.get('content-encoding'))) return refuseBody('encoded')
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body ?? []) {
    length += chunk.byteLength
    if (length > maxBodyBytes) return refuseBody('too_large')
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}
