import { BlockList, isIP, isIPv6 } from 'node:net'
import { z } from 'zod'
import { idpNames } from './idp-profiles/index.ts'

const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** True for a URL whose host is this machine: the only hosts that may be spoken to over plain http. */
export function isLoopback(url: string): boolean {
  return loopbackHosts.has(new URL(url).hostname)
}

const loopbackAddresses = new BlockList()
loopbackAddresses.addSubnet('127.0.0.0', 8, 'ipv4')
loopbackAddresses.addAddress('::1', 'ipv6')

/** True for an address to listen on that no other machine reaches. A name other than `localhost` may be any address. */
export function isLoopbackHost(host: string): boolean {
  if (host === 'localhost') return true
  return isIP(host) !== 0 && loopbackAddresses.check(host, isIPv6(host) ? 'ipv6' : 'ipv4')
}

function isSecureUrl(value: string): boolean {
  const url = URL.parse(value)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(value))
}

function isSecureOrigin(value: string): boolean {
  return isSecureUrl(value) && new URL(value).origin === value
}

/**
 * An issuer or resource identifier. Kept as the string that was given, because both are compared
 * byte for byte (RFC 8414 §3.3, RFC 8707 §2) and `URL.href` adds a slash to a bare origin.
 */
const identifierUrl = z.string().superRefine((value, ctx) => {
  const url = URL.parse(value)
  const refuse = (message: string) => ctx.addIssue({ code: 'custom', message })
  if (!url || !['http:', 'https:'].includes(url.protocol)) return refuse('is not an http(s) URL')
  if (url.search || value.includes('#')) return refuse('must have no query and no fragment')
  if (url.username || url.password) return refuse('must have no user name or password in it')
  if (url.protocol === 'http:' && !isLoopback(value)) return refuse('must be https unless it is on localhost')
})

const resourceUrl = identifierUrl.refine(
  (value) => !URL.canParse(value) || (new URL(value).pathname !== '/' && !value.endsWith('/')),
  'must have a path and no trailing slash, for example http://localhost:8000/mcp',
)

const wholeNumber = (minimum: number, maximum: number) =>
  z
    .string()
    .regex(/^\d+$/, `is not a whole number from ${minimum} to ${maximum}`)
    .transform(Number)
    .refine((value) => value >= minimum && value <= maximum, `is not from ${minimum} to ${maximum}`)

const oneOf = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  z.enum(values, { error: `is not one of ${values.join(', ')}` })

const list = z.string().transform((value) => value.split(/[\s,]+/).filter((item) => item !== ''))

/** `a=x y, b=z` → { a: ['x', 'y'], b: ['z'] } */
const mapping = z
  .string()
  .regex(/^\s*[^\s,=]+\s*=[^,=]+(,\s*[^\s,=]+\s*=[^,=]+)*$/, 'is not a list such as "a=read, b=read write"')
  .transform((value) =>
    Object.fromEntries(
      value.split(',').map((entry) => {
        const [from = '', to = ''] = entry.split('=')
        return [from.trim(), to.trim().split(/\s+/)] as const
      }),
    ),
  )

/** `a=b c=d` → { a: 'b', c: 'd' } */
const parameters = z
  .string()
  .regex(
    /^\s*[^\s=]+=\S+(\s+[^\s=]+=\S+)*\s*$/,
    'is not a list such as "audience=https://api.example.com prompt=login"',
  )
  .transform((value) =>
    Object.fromEntries(
      value
        .trim()
        .split(/\s+/)
        .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)] as const),
    ),
  )

const hostName = z.string().regex(/^[\w.:-]+$/, 'is not a host name or address')

const yesOrNo = oneOf('yes', 'no').transform((value) => value === 'yes')

/** The environment variables and what each may hold. Absent and empty mean the same: the default. */
export const environment = z.object({
  NODE_ENV: oneOf('development', 'test', 'production').optional(),
  ISSUER: identifierUrl.optional(),
  RESOURCE: resourceUrl.optional(),
  IDP: oneOf('auto', ...idpNames).optional(),
  CLIENT_ID: z.string().optional(),
  CLIENT_SECRET: z.string().optional(),
  CLIENTS: z.string().optional(),
  REGISTRATION: oneOf('open', 'closed').optional(),
  REGISTRATION_TOKEN: z.string().min(32, 'is shorter than 32 characters').optional(),
  RESOURCE_CLIENT_ID: z.string().optional(),
  RESOURCE_CLIENT_SECRET: z.string().optional(),
  RESOURCE_CLIENT_KEY: z.string().optional(),
  RESOURCE_CLIENT_JWKS: z.string().optional(),
  TOKEN_VALIDATION: oneOf('auto', 'introspection', 'jwt', 'tokeninfo').optional(),
  ACCEPTED_AUDIENCES: list.optional(),
  INTROSPECTION_ENDPOINT: identifierUrl.optional(),
  INTROSPECTION_CACHE_SECONDS: wholeNumber(0, 300).optional(),
  SCOPE_CLAIM: z.string().optional(),
  SCOPE_MAP: mapping.optional(),
  SCOPE_IMPLIES: mapping.optional(),
  SCOPE_TEMPLATE: z.string().optional(),
  OMIT_RESOURCE: yesOrNo.optional(),
  AUTHORIZATION_PARAMETERS: parameters.optional(),
  REDIRECT_HOST: oneOf('127.0.0.1', 'localhost').optional(),
  REDIRECT_PORT: wholeNumber(1, 65_535).optional(),
  ALLOW_INSECURE_UNADVERTISED_PKCE: yesOrNo.optional(),
  AUTHORIZATION_ORIGINS: mapping
    .refine(
      (issuers) => Object.values(issuers).every((origins) => origins.every(isSecureOrigin)),
      'must map issuers to https origins without a path, for example https://id.example=https://login.example',
    )
    .optional(),
  DPOP: oneOf('allowed', 'required').optional(),
  DPOP_NONCE_KEY: z.string().min(32, 'is shorter than 32 characters').optional(),
  REPLAY_STORE: z
    .string()
    .regex(
      /^(memory:$|((rediss?|valkey)(\+sentinel)?|postgres(ql)?):\/\/)/,
      'is not memory:, redis://…, valkey://…, redis+sentinel://… or postgres://…',
    )
    .optional(),
  RATE_LIMIT: wholeNumber(1, 1_000_000_000).optional(),
  RATE_LIMIT_ANONYMOUS: wholeNumber(1, 1_000_000_000).optional(),
  ALLOWED_ORIGINS: list.optional(),
  CHALLENGE_IN_RESULT: list.optional(),
  ACCESS_TOKEN: z.string().optional(),
  ACCOUNTS: z.string().optional(),
  STORE: z
    .string()
    .regex(
      /^(memory:$|sqlite:.|((rediss?|valkey)(\+sentinel)?|postgres(ql)?):\/\/.)/,
      'is not memory:, sqlite:FILE, postgres://…, redis://…, valkey://… or redis+sentinel://…',
    )
    .optional(),
  JWKS: z
    .string()
    .refine(
      (value) => !/^[a-z]+:\/\//i.test(value) || isSecureUrl(value),
      'is not a path, an https URL or an http URL on localhost',
    )
    .optional(),
  COOKIE_KEYS: list
    .refine(
      (keys) => keys.length > 0 && keys.every((key) => key.length >= 32),
      'has a key shorter than 32 characters',
    )
    .optional(),
  KEY_ROTATION_DAYS: wholeNumber(2, 3650).optional(),
  STORE_KEY: list
    .refine(
      (keys) => keys.every((key) => key.length >= 32),
      'has a key shorter than 32 characters: make one with `openssl rand -base64 32`',
    )
    .optional(),
  REFRESH_GRACE_SECONDS: wholeNumber(0, 60).optional(),
  PORT: wholeNumber(1, 65_535).optional(),
  HOST: hostName.optional(),
  METRICS_HOST: hostName.optional(),
  METRICS_PORT: wholeNumber(1, 65_535).optional(),
  READY_NEEDS_ISSUER: yesOrNo.optional(),
  STOP_DELAY_SECONDS: wholeNumber(0, 300).optional(),
  TLS_CERT: z.string().optional(),
  TLS_KEY: z.string().optional(),
  MAX_CONNECTIONS: wholeNumber(1, 1_000_000).optional(),
  TRUST_PROXY: list.optional(),
  LOG_LEVEL: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent').optional(),
})

/** The parsed environment. */
export type Environment = z.output<typeof environment>
