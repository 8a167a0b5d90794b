import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import process from 'node:process'
import jsonc from 'jsonc-parser'
import { z } from 'zod'
import { type Account, resourceScopeNames, testAccounts } from '../../config/index.ts'
import { normalizeUsername } from './accounts.ts'
import { parsePasswordHash } from './password-hash.ts'

/** The file of accounts cannot be used. Names lines and entries, never what stands there: it holds hashes. */
export class AccountsFileError extends Error {
  override readonly name = 'AccountsFileError'
  readonly problems: readonly string[]

  constructor(path: string, problems: readonly string[], options?: ErrorOptions) {
    super(`${path} cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`, options)
    this.problems = problems
  }
}

const published = new Set(testAccounts.map(({ passwordHash }) => passwordHash))

const passwordHash = z.string().superRefine((value, ctx) => {
  try {
    parsePasswordHash(value)
  } catch (error) {
    ctx.addIssue({ code: 'custom', message: (error as Error).message })
  }
  if (published.has(value))
    ctx.addIssue({ code: 'custom', message: 'is that of a test account, which is public' })
})

/** What may be a user name: letters of any script, digits and a few signs between them. */
export const username = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{M}\p{N}._@+-]{0,63}$/u, 'is not 1 to 64 letters, digits or . _ @ + -')
  .refine((value) => value === normalizeUsername(value), 'is not in Unicode’s composed form (NFC)')

const account = z.strictObject({
  id: z.string().regex(/^[\w-]{1,64}$/, 'is not 1 to 64 letters, digits, - or _'),
  username,
  name: z
    .string()
    .regex(/^[^\p{Cc}\p{Bidi_Control}]{1,80}$/u, 'is not 1 to 80 characters, without control characters')
    .optional(),
  scopes: z.array(z.enum(resourceScopeNames, { error: `is not one of ${resourceScopeNames.join(', ')}` })),
  passwordHash,
  disabled: z.boolean().optional(),
})

const content = z.strictObject({ accounts: z.array(account) }).superRefine(({ accounts }, ctx) => {
  for (const [field, keyOf] of Object.entries(unique)) {
    const seen = new Set<string>()
    for (const [index, entry] of accounts.entries()) {
      const key = keyOf(entry)
      if (seen.has(key)) {
        ctx.addIssue({
          code: 'custom',
          path: ['accounts', index, field],
          message: 'is another account’s already',
        })
      }
      seen.add(key)
    }
  }
})

/** Names that differ in capitals only would be taken for one another by people. */
const unique = {
  id: ({ id }: { id: string }) => id,
  username: ({ username }: { username: string }) => username.toLowerCase(),
}

/** An account as it stands in the file. */
export type StoredAccount = z.output<typeof account>

/**
 * Reads the file of accounts.
 * @throws AccountsFileError when it cannot be read, can be written by others, or holds something else
 */
export function readAccountsFile(path: string): readonly StoredAccount[] {
  return parseAccounts(path, readOwnFile(path))
}

/** Fills in what the file may leave out. */
export function toAccount({ name, disabled, ...stored }: StoredAccount): Account {
  return { ...stored, name: name ?? stored.username, ...(disabled === true && { disabled }) }
}

/** Permissions are looked at on the open file: the path could lead to another one by then. */
function readOwnFile(path: string): string {
  let descriptor: number | undefined
  try {
    descriptor = openSync(path, 'r')
    const stats = fstatSync(descriptor)
    const { mode } = stats
    if (!stats.isFile()) throw new AccountsFileError(path, ['is not a file'])
    if (process.platform !== 'win32' && (mode & 0o022) !== 0) {
      throw new AccountsFileError(path, [`can be written by others: chmod 600 ${path}`])
    }
    return readFileSync(descriptor, 'utf8')
  } catch (cause) {
    if (cause instanceof AccountsFileError) throw cause
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    throw new AccountsFileError(path, [`the file cannot be read (${code})`], { cause })
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}

function parseAccounts(path: string, text: string): readonly StoredAccount[] {
  const lineAt = (offset: number) => `line ${text.slice(0, offset).split('\n').length}`
  const syntaxErrors: jsonc.ParseError[] = []
  const tree = jsonc.parseTree(text, syntaxErrors, { disallowComments: true })
  const [first] = syntaxErrors
  if (first) {
    throw new AccountsFileError(path, [
      `${lineAt(first.offset)}: is not JSON (${jsonc.printParseErrorCode(first.error)})`,
    ])
  }
  const parsed = content.safeParse(tree && jsonc.getNodeValue(tree), {
    error: ({ code, input }) => (code === 'invalid_type' && input === undefined ? 'is missing' : undefined),
  })
  if (parsed.success) return parsed.data.accounts
  const problems = parsed.error.issues.map(({ path: keys, message }) => {
    const at = keys as (string | number)[]
    const node = tree && nearestNode(tree, at)
    return `${node ? `${lineAt(node.offset)}: ` : ''}${at.join('.') || 'the file'}: ${message}`
  })
  throw new AccountsFileError(path, problems)
}

/** What is missing has no place: the entry that misses it has. */
function nearestNode(tree: jsonc.Node, keys: readonly (string | number)[]): jsonc.Node | undefined {
  for (let length = keys.length; length >= 0; length--) {
    const node = jsonc.findNodeAtLocation(tree, keys.slice(0, length))
    if (node) return node
  }
  return undefined
}
