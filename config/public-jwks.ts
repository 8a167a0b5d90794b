import { z } from 'zod'
import type { ConfigProblem } from './config-error.ts'
import { readJsonFile } from './json-file.ts'
import { keyProblem } from './published-keys.ts'

const publicKey = z
  .looseObject({ kty: z.enum(['EC', 'OKP', 'RSA'], { error: 'is not one of EC, OKP, RSA' }) })
  .refine(
    (key) => !('d' in key),
    'holds a private key: keep that with the client, and put the public one here',
  )
  .superRefine((key, ctx) => {
    const message = keyProblem(key)
    if (message !== undefined) ctx.addIssue({ code: 'custom', message })
  })

/** The public keys of a client that authenticates by private_key_jwt (RFC 7517 §5). */
export const publicJwks = z.strictObject({
  keys: z.array(publicKey, { error: 'is not a list of keys' }).min(1, 'is empty'),
})

/** Public keys, as they stand in a file. */
export type PublicJwks = Readonly<z.output<typeof publicJwks>>

/** Reads the file with public keys that a variable names. */
export function readPublicJwks(
  variable: string,
  path: string,
): { readonly jwks?: PublicJwks; readonly problems: readonly ConfigProblem[] } {
  const fail = (...problems: string[]) => ({ problems: problems.map((problem) => ({ variable, problem })) })
  const read = readJsonFile(path)
  if (read.problem !== undefined) return fail(read.problem)
  const parsed = publicJwks.safeParse(read.content)
  if (parsed.success) return { jwks: parsed.data, problems: [] }
  if (!Object.hasOwn(Object(read.content), 'keys')) return fail('the file holds no JWKS: {"keys": […]}')
  return fail(
    ...parsed.error.issues.map(({ path: field, message }) => `${field.join('.')} ${message}`.trim()),
  )
}
