import {
  authorizationServerMetadata,
  type createStandIns,
  type Routes,
  type StandIn,
  type StandInAnswer,
  type StandInRequest,
} from './stand-in.ts'

/** Where an authorization server departs from what is right. Without any of it, it is an honest one. */
export interface AuthorizationServerSpite {
  /** Put over the metadata. */
  readonly metadata?: (origin: string) => Record<string, unknown>
  /** Changes what the browser brings back. */
  readonly spoilCallback?: (parameters: URLSearchParams) => void
  /** Answers the token endpoint in its place. */
  readonly token?: (request: StandInRequest) => StandInAnswer
  readonly register?: (request: StandInRequest) => StandInAnswer
  readonly more?: Routes
}

/** An authorization server that grants everything to everybody at once, and whatever else it is told to do. */
export async function startMaliciousAuthorizationServer(
  standIns: ReturnType<typeof createStandIns>,
  { metadata = () => ({}), spoilCallback = () => {}, token, register, more }: AuthorizationServerSpite = {},
): Promise<StandIn> {
  let granted = ''
  let count = 0
  return await standIns.start((origin) => ({
    '/.well-known/oauth-authorization-server': {
      body: {
        ...authorizationServerMetadata(origin),
        registration_endpoint: `${origin}/register`,
        device_authorization_endpoint: `${origin}/device`,
        ...metadata(origin),
      },
    },
    '/register': register ?? {
      status: 201,
      body: { client_id: `registered-at-${origin}`, token_endpoint_auth_method: 'none' },
    },
    '/authorize': ({ path }) => {
      const asked = new URL(path, origin).searchParams
      granted = asked.get('scope') ?? ''
      const callback = new URL(asked.get('redirect_uri') ?? '')
      callback.searchParams.set('code', `code-of-${origin}`)
      callback.searchParams.set('state', asked.get('state') ?? '')
      callback.searchParams.set('iss', origin)
      spoilCallback(callback.searchParams)
      return { status: 302, headers: { location: callback.href } }
    },
    '/token': (request) => {
      if (token) return token(request)
      count++
      return {
        body: {
          access_token: `access-${count}-of-${origin}`,
          refresh_token: `refresh-${count}-of-${origin}`,
          token_type: 'bearer',
          expires_in: 3600,
          scope: granted,
        },
      }
    },
    ...more,
  }))
}
