import type { Config, Role } from './config.ts'
import type { ConfigProblem } from './config-error.ts'
import type { Environment } from './env.ts'
import { isPrivate } from './secrets.ts'

/** Secrets that documents, tools and tutorials show, in small letters. */
const publishedSecrets: ReadonlySet<string> = new Set([
  // What stands in for a secret until one is made.
  ...[
    'secret',
    'secrets',
    'mysecret',
    'my-secret',
    'supersecret',
    'super-secret',
    'topsecret',
    'test',
    'example',
  ],
  ...['password', 'passw0rd', 'changeme', 'change-me', 'change_me', 'changeit', 'changethis', 'change-this'],
  ...['please-change-me', 'replace-me', 'replaceme', 'your-secret', 'your-client-secret', 'your-secret-key'],
  ...[
    'client-secret',
    'client_secret',
    'clientsecret',
    'foobar',
    'keyboard cat',
    'correct horse battery staple',
  ],
  ...['admin', 'letmein', 'default', 'keystore-change-me', 'thisisasecret', 'this-is-a-secret', 'dev-secret'],
  // jwt.io
  ...['your-256-bit-secret', 'your-384-bit-secret', 'your-512-bit-secret', '---enter-your-256-bit-key---'],
  'a-string-secret-at-least-256-bits-long',
  'a-string-secret-at-least-384-bits-long-which-is-longer',
  'a-string-secret-at-least-512-bits-long-which-is-very-long',
  'a-valid-string-secret-that-is-at-least-384-bits-long',
  'a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long',
  // oidc-provider's documentation
  'some secret key',
  'and also the old rotated away some time ago',
  'and one more',
  // RFC 6749 §2.3.1 and §4.1.3, RFC 7591 §3.2.1, OpenID Connect Registration §3.2
  ...['7fjfp0zbr1ktdrbnfvdmiw', 'gx1fbat3bv', 'cf136dc3c1fc93f31185e5885805d'],
  'zjycqe3ggrvdrudkyzs0xhgv_z45dukhcu0gttxxxxx',
  // RFC 7515 A.1, RFC 7517 A.3, RFC 7520 §3.5
  'aym1sysppbydfgzld3umj1qzkobwvmkoqq-estjqlr_t-1qs0gzh75aktmn3yj0ips4hcguutwjazzr1z9caow',
  'gawggufygrwkav7ax4vkug',
  'hjtxiz2usn5kbqfbttnwbpdmhkv8fjg-onbc6mxccyg',
  // This project's own
  ...['a secret of at least 32 characters', 'a-secret-of-your-own', 'password123', 'secret456', 'admin789'],
])

/** `<your secret>`, `${SECRET}`, `…`: what a document leaves for its reader to fill in. */
const placeholder = /^<.*>$|^\$\{.*\}$|…|\.\.\.$/s

/**
 * Says why a text is no secret: it is printed somewhere, or stands for one. Length is judged elsewhere.
 * @returns undefined for one that this server has not seen anywhere
 */
export function secretProblem(secret: string): string | undefined {
  const text = secret.trim()
  if (placeholder.test(text)) {
    return 'is the placeholder of an example: make a secret with `openssl rand -base64 32`'
  }
  if (!publishedSecrets.has(text.toLowerCase())) return undefined
  return 'is a published example, which is public: make a secret with `openssl rand -base64 32`'
}

/** A client gets its secret from elsewhere, and can make no better one. */
const secretVariables = {
  provider: ['CLIENT_SECRET', 'RESOURCE_CLIENT_SECRET', 'REGISTRATION_TOKEN', 'COOKIE_KEYS', 'STORE_KEY'],
  'resource-server': ['RESOURCE_CLIENT_SECRET', 'DPOP_NONCE_KEY'],
  client: [],
  'idp-check': [],
} as const satisfies Record<Role, readonly (keyof Environment)[]>

/** Names the variables that hold a published secret. On this machine, in development, it may stand for a real one. */
export function publishedSecretProblems(
  variables: Environment,
  config: Config,
  role: Role,
): readonly ConfigProblem[] {
  if (isPrivate(config)) return []
  return secretVariables[role].flatMap((variable) => {
    const value = variables[variable]
    const secrets: readonly string[] = typeof value === 'string' ? [value] : (value ?? [])
    const problem = secrets.map(secretProblem).find((one) => one !== undefined)
    return problem === undefined ? [] : [{ variable, problem }]
  })
}
