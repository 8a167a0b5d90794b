import { createBoundedFetch } from '../runtime/bounded-fetch.ts'
import type { KeycloakAdmin } from './start-keycloak.ts'

/** A realm has no list that is longer, in bytes. */
const boundedFetch = createBoundedFetch({ maxBytes: 16 * 2 ** 20 })

/** Keycloak's Admin REST API. */
export interface AdminApi {
  /**
   * Sends one request.
   * @param path below `/admin/realms`
   * @returns the answer's JSON; undefined when it has none
   * @throws AdminApiError when it was refused
   */
  request(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown): Promise<unknown>
}

/** Keycloak refused a request of the administrator. */
export class AdminApiError extends Error {
  override readonly name = 'AdminApiError'
  readonly status: number

  constructor(message: string, status: number) {
    super(message)
    this.status = status
  }
}

/** @param origin such as `http://localhost:8080` */
export function createAdminApi(origin: string, { username, password }: KeycloakAdmin): AdminApi {
  /** It lives for a minute only, so each request has one of its own. */
  async function accessToken(): Promise<string> {
    const response = await boundedFetch(`${origin}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'password', client_id: 'admin-cli', username, password }),
    })
    const { access_token } = (await read(response, 'the administrator signs in')) as { access_token: string }
    return access_token
  }

  return {
    async request(method, path, body) {
      const response = await boundedFetch(`${origin}/admin/realms${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await accessToken()}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return await read(response, `${method} ${path}`)
    },
  }
}

async function read(response: Response, what: string): Promise<unknown> {
  const text = await response.text()
  if (!response.ok)
    throw new AdminApiError(`Keycloak, ${what}: HTTP ${response.status} ${text}`, response.status)
  return text === '' ? undefined : JSON.parse(text)
}
