import type { JWTPayload } from 'jose'
import type { HeaderOverrides } from '../issuer-keys.ts'
import type { Routes } from '../stand-in.ts'

/** Someone who can sign in at a stand-in: the test accounts, with what an administrator there has given them. */
export interface Person {
  readonly username: string
  readonly email: string
  /** `read`, `write`, `admin`: as scopes, permissions, roles or groups, whichever the vendor has. */
  readonly permissions: readonly string[]
}

/** How a vendor refuses. */
export interface Failure {
  readonly error: string
  readonly description: string
  /** Of an answer of the token endpoint. Default 400. */
  readonly status?: number
  /** Shown to the person, who is not sent back to the client. Default false. */
  readonly onPage?: true
}

/** What one sign-in has granted. */
export interface Grant {
  readonly person: Person
  /** As the token endpoint's answer names them. */
  readonly scopes: readonly string[]
  /** `aud` of its access tokens. */
  readonly audience: readonly string[]
  /** Whether there is a refresh token. */
  readonly offline: boolean
  /** The authorization request. */
  readonly request: URLSearchParams
}

/** An access token that was issued, and what became of it. */
export interface Issued {
  readonly grant: Grant
  /** Unix seconds. */
  readonly iat: number
  readonly exp: number
  revoked: boolean
}

/** What a vendor's behaviour works with. */
export interface Workshop {
  readonly origin: string
  /** Signs with RS256. @param header put over `typ: JWT`; `undefined` leaves a parameter out */
  sign(claims: JWTPayload, header?: HeaderOverrides): Promise<string>
  /** A good access token: issued here, not expired, not revoked. */
  find(token: string | null): Issued | undefined
}

/** What makes one vendor's authorization server different from another's. All else is in `start-idp.ts`. */
export interface Vendor {
  readonly issuer: string
  /** Where the metadata document is served. Everything else is a 404. */
  readonly documents: readonly string[]
  readonly paths: {
    readonly authorize: string
    readonly token: string
    readonly keys: string
    /** Absent where there is no revocation. */
    readonly revoke?: string
  }
  /** Fields of the document besides the issuer and the endpoints of `paths`. */
  readonly metadata: Readonly<Record<string, unknown>>
  readonly client: { readonly id: string; readonly secret?: string }
  /** Whether a redirect URI is one that somebody could have registered there for this client. */
  redirectFits(uri: URL): boolean
  /** Judges a redirect URI that does not fit, a client that is not known, and a secret that is wrong. */
  readonly failures: { readonly redirect: Failure; readonly secret: Failure }
  /** Judges an authorization request before anybody signs in. */
  refuse?(request: URLSearchParams): Failure | undefined
  /** Judges a token request, by what is vendor-specific in it. */
  refuseToken?(request: URLSearchParams): Failure | undefined
  /** Decides what a person who has signed in grants. */
  grant(request: URLSearchParams, person: Person): Omit<Grant, 'person' | 'request'> | Failure
  /** Whether the answer to an authorization request names the issuer (RFC 9207). Default false. */
  readonly namesIssuer?: true
  /** Makes an access token. Absent: opaque ones. */
  mint?(issued: Issued): Promise<string>
  /** Whether each use of a refresh token brings a new one, and uses the old one up. */
  readonly refreshRotates: boolean
  /** What revoking ends: access tokens too, or refresh tokens alone. */
  readonly revokes: 'all' | 'refresh tokens'
  /** Introspection, tokeninfo. */
  readonly more?: Routes
}

/** The scopes in a `scope` parameter. */
export function scopesIn(request: URLSearchParams): readonly string[] {
  return (request.get('scope') ?? '').split(' ').filter((scope) => scope !== '')
}
