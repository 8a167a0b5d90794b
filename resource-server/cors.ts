/** What a browser's script may read of an answer, besides the usual: the challenge above all. */
const exposed = 'WWW-Authenticate, DPoP-Nonce, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After'

/**
 * Answers a browser's preflight, or lets it read the answer (Fetch Standard §3.3). No cookies are used here,
 * so an origin gains nothing that it could not have without a browser.
 * @param method what may be sent
 */
export async function withCors(
  request: Request,
  method: string,
  answer: () => Response | Promise<Response>,
): Promise<Response> {
  const origin = request.headers.get('origin')
  if (request.method === 'OPTIONS') {
    const requested = request.headers.get('access-control-request-headers') ?? 'Authorization, Content-Type'
    return new Response(null, {
      status: 204,
      headers: {
        'access-control-allow-origin': origin ?? '*',
        'access-control-allow-methods': `${method}, OPTIONS`,
        'access-control-allow-headers': requested,
        'access-control-max-age': '600',
        vary: 'Origin, Access-Control-Request-Headers',
      },
    })
  }
  const response = await answer()
  // For caches, which keep no answers to POST (RFC 9110 §9.3.3).
  if (request.method !== 'POST') response.headers.append('vary', 'Origin')
  if (origin === null) return response
  response.headers.set('access-control-allow-origin', origin)
  response.headers.set('access-control-expose-headers', exposed)
  return response
}
