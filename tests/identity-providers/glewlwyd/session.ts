/** Somebody's session at Glewlwyd: what its pages do, by the same requests. */
export interface GlewlwydSession {
  /** @throws Error with the answer, when it is no success */
  request(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<unknown>
  /** Opens a page, and follows nothing. @returns where it leads */
  open(url: URL): Promise<URL>
}

/** Signs somebody in. */
export async function openSession(
  origin: string,
  username: string,
  password: string,
): Promise<GlewlwydSession> {
  let cookie = ''
  async function send(url: string | URL, init: RequestInit = {}): Promise<Response> {
    const headers = { 'content-type': 'application/json', cookie }
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
    return response
  }

  const session: GlewlwydSession = {
    async request(method, path, body) {
      const response = await send(`${origin}/api/${path}`, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      if (!response.ok) throw new Error(`Glewlwyd, ${method} ${path}: HTTP ${response.status} ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
    async open(url) {
      const response = await send(url)
      await response.body?.cancel()
      const location = response.headers.get('location')
      if (location === null)
        throw new Error(`Glewlwyd, ${url.pathname}: HTTP ${response.status}, no redirect`)
      return new URL(location, url)
    },
  }
  await session.request('POST', 'auth/', { username, password })
  return session
}
