import { z } from 'zod'
import type { ConfigProblem } from './config-error.ts'
import { isLoopback } from './env.ts'
import { readJsonFile } from './json-file.ts'
import { publicJwks } from './public-jwks.ts'
import { secretProblem } from './published-secrets.ts'
import { type ResourceScope, resourceScopeNames } from './scopes.ts'

const grantTypes = [
  'authorization_code',
  'refresh_token',
  'urn:ietf:params:oauth:grant-type:device_code',
  'client_credentials',
] as const
const authMethods = ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const

const oneOf = <const Values extends readonly [string, ...string[]]>(values: Values) =>
  z.enum(values, { error: `is not one of ${values.join(', ')}` })

const scope = z
  .string()
  .regex(/^[a-z]+( [a-z]+)*$/, 'is not a list of scopes, separated by single spaces')
  .transform((words) => words.split(' ') as ResourceScope[])
  .refine(
    (scopes) => scopes.every((one) => resourceScopeNames.includes(one)),
    `is not made of ${resourceScopeNames.join(', ')}`,
  )

const https = z.string().refine((url) => {
  const parsed = URL.parse(url)
  return parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isLoopback(url))
}, 'is not an https URL')

/** A client's metadata (RFC 7591 §2). Nothing else may stand there: a word that is misspelt would be no rule. */
const client = z
  .strictObject({
    client_id: z
      .string()
      .regex(/^[\w.~-]{1,100}$/, 'is not 1 to 100 letters, digits, or one of - . _ ~')
      .refine((id) => !id.startsWith('gatehouse-'), 'begins with gatehouse-, as this server’s own do'),
    client_name: z.string().min(1, 'is empty').max(80, 'is longer than 80 characters').optional(),
    application_type: oneOf(['web', 'native']).optional(),
    redirect_uris: z.array(z.string()).max(20, 'are more than 20').default([]),
    post_logout_redirect_uris: z.array(https).max(20, 'are more than 20').optional(),
    grant_types: z
      .array(oneOf(grantTypes))
      .min(1, 'is empty')
      .default(['authorization_code', 'refresh_token']),
    scope: scope.optional(),
    token_endpoint_auth_method: oneOf(authMethods).default('client_secret_basic'),
    client_secret: z
      .string()
      .min(32, 'is shorter than 32 characters')
      .superRefine((secret, ctx) => {
        const message = secretProblem(secret)
        if (message !== undefined) ctx.addIssue({ code: 'custom', message })
      })
      .optional(),
    jwks: publicJwks.optional(),
    jwks_uri: https.optional(),
    dpop_bound_access_tokens: z.boolean().optional(),
    require_pushed_authorization_requests: z.boolean().optional(),
  })
  .superRefine((metadata, ctx) => {
    const refuse = (path: keyof typeof metadata, message: string) =>
      ctx.addIssue({ code: 'custom', path: [path], message })
    const { token_endpoint_auth_method: method, grant_types: grants } = metadata
    const usesSecret = method.startsWith('client_secret')
    if (usesSecret !== (metadata.client_secret !== undefined)) {
      refuse('client_secret', usesSecret ? `is needed with ${method}` : `has no use with ${method}`)
    }
    const keys = [metadata.jwks, metadata.jwks_uri].filter((one) => one !== undefined)
    if (method === 'private_key_jwt' && keys.length !== 1) {
      refuse('jwks', 'or jwks_uri is needed with private_key_jwt, one of them')
    }
    const redirects = grants.includes('authorization_code')
    if (redirects !== metadata.redirect_uris.length > 0) {
      refuse(
        'redirect_uris',
        redirects ? 'is needed to sign people in' : 'has no use without authorization_code',
      )
    }
    if (!grants.includes('client_credentials')) return
    if (grants.length > 1)
      refuse('grant_types', 'must have nothing beside client_credentials: make two clients')
    if (method !== 'private_key_jwt')
      refuse('token_endpoint_auth_method', 'must be private_key_jwt for a machine')
    if (metadata.scope === undefined) refuse('scope', 'is needed: nobody else decides what a machine may do')
  })
  .transform((metadata) => ({
    ...metadata,
    response_types: metadata.grant_types.includes('authorization_code') ? (['code'] as const) : [],
  }))

/** A client that the operator has set up. `scope` is all that it may ever have of the resource; absent: what its user may. */
export type ConfiguredClient = Readonly<z.output<typeof client>>

/**
 * Reads the file that CLIENTS names: a JSON list of clients.
 * @param taken identifiers that other clients have already
 * @returns problems that name the client and the field, never a value: it may be a secret
 */
export function readClientsFile(
  path: string,
  taken: readonly string[],
): { readonly clients: readonly ConfiguredClient[]; readonly problems: readonly ConfigProblem[] } {
  const fail = (...problems: string[]) => ({
    clients: [],
    problems: problems.map((problem) => ({ variable: 'CLIENTS', problem })),
  })
  const read = readJsonFile(path)
  if (read.problem !== undefined) return fail(read.problem)
  const { content } = read
  const parsed = z.array(client, { error: 'the file holds no list of clients' }).safeParse(content)
  if (!parsed.success) {
    return fail(
      ...parsed.error.issues.map(({ path: [index, ...field], message }) => {
        if (index === undefined) return message
        return `${nameOf(content, Number(index))}: ${[field.join('.'), message].filter(Boolean).join(' ')}`
      }),
    )
  }
  const ids = [...taken, ...parsed.data.map(({ client_id: id }) => id)]
  const doubled = ids.filter((id, index) => ids.indexOf(id) !== index)
  if (doubled.length > 0)
    return fail(...doubled.map((id) => `client "${id}": client_id is another client’s already`))
  return { clients: parsed.data, problems: [] }
}

/** The two clients that variables name must not be one another, nor one of this server's own. */
export function clientIdProblems(clientId: string, resourceClientId: string): readonly ConfigProblem[] {
  const ids = { CLIENT_ID: clientId, RESOURCE_CLIENT_ID: resourceClientId }
  const own = Object.entries(ids)
    .filter(([, id]) => id.startsWith('gatehouse-'))
    .map(([variable]) => ({ variable, problem: 'begins with gatehouse-, as this server’s own do' }))
  const same = clientId === resourceClientId
  return same ? [...own, { variable: 'RESOURCE_CLIENT_ID', problem: 'is CLIENT_ID already' }] : own
}

function nameOf(content: unknown, index: number): string {
  const { client_id: id } = Object(Object(content)[index])
  return typeof id === 'string' ? `client ${JSON.stringify(id.slice(0, 100))}` : `client ${index + 1}`
}
