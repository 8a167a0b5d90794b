import type { Fetch } from '../../client/secure-fetch.ts'

/** The referee's own defects are made good here, so that they need not be in the client. */
export function withRefereeDefects(fetch: Fetch): Fetch {
  return async (url, init = {}) => {
    const headers = new Headers(init.headers)
    // It starts all clients at once; on a busy machine its idle connections end before they are used again.
    headers.set('connection', 'close')
    const credentials = headers.get('authorization')
    // It takes Basic credentials as they are; RFC 6749 §2.3.1 has them form-encoded.
    if (credentials?.startsWith('Basic ')) {
      const text = Buffer.from(credentials.slice('Basic '.length), 'base64').toString()
      headers.set('authorization', `Basic ${Buffer.from(decodeURIComponent(text)).toString('base64')}`)
    }
    const response = await fetch(url, { ...init, headers })
    if (init.purpose !== 'registration') return response
    // It gives a secret without its expiry; RFC 7591 §3.2.1 requires one.
    return Response.json({ client_secret_expires_at: 0, ...(await response.json()) }, response)
  }
}
