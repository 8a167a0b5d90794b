import type { ResourceScope } from './scopes.ts'

/** Someone who can sign in at the bundled provider. */
export interface Account {
  /**
   * The `sub` of tokens (OpenID Connect Core §2): never given to anyone else, so that an account made anew
   * under an old name inherits nothing.
   */
  readonly id: string
  /** What is typed into the login form; also the `username` of an introspection answer. */
  readonly username: string
  /** The name that people read on the pages of the provider, beside what they type. */
  readonly name: string
  /** The scopes of the resource that may be granted on this account's behalf. */
  readonly scopes: readonly ResourceScope[]
  /** PHC string, argon2id. `npm run accounts` makes it with OWASP's m=19456, t=2, p=1. */
  readonly passwordHash: string
  /** Cannot sign in, and nothing that was issued for it works. Default false. */
  readonly disabled?: boolean
}

/** An account whose password is published: for development and demonstration only. */
export interface TestAccount extends Account {
  readonly password: string
}

/** The three accounts of the documentation. Their passwords are public. */
export const testAccounts: readonly TestAccount[] = [
  {
    id: 'alice',
    username: 'alice',
    name: 'Alice',
    password: 'password123',
    scopes: ['read', 'write'],
    passwordHash:
      '$argon2id$v=19$m=19456,t=2,p=1$N1W6d0eCFL0hUYwxCYxSdA$vY8NqUhgfZbFr9+SmIH1IlJEWncKoRpRUeKgfjt8EXI',
  },
  {
    id: 'bob',
    username: 'bob',
    name: 'Bob',
    password: 'secret456',
    scopes: ['read'],
    passwordHash:
      '$argon2id$v=19$m=19456,t=2,p=1$xqMExxF5ZDmqaC6GM8Pb8w$ETlh4B5hsMVfjKBbcngfUauPIHTQCgZHq6/FXrU4l+k',
  },
  {
    id: 'admin',
    username: 'admin',
    name: 'Admin',
    password: 'admin789',
    scopes: ['read', 'write', 'admin'],
    passwordHash:
      '$argon2id$v=19$m=19456,t=2,p=1$gb30gobPreBl/pljzD0I3w$32nuzjHKmOJiEGfJCkhciWdOi8pwsLNgvSQpuwfEilc',
  },
]
