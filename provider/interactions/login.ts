import type { Context } from 'koa'
import type { Client, Interaction, InteractionResults } from 'oidc-provider'
import type { Config } from '../../config/index.ts'
import type { AddressOf } from '../../runtime/address-of.ts'
import { siteOf } from '../../runtime/networks-of.ts'
import { accountPageClientId } from '../account/sign-in.ts'
import { type Accounts, normalizeUsername } from '../accounts/accounts.ts'
import { type PasswordQueue, PasswordQueueError } from '../accounts/password-queue.ts'
import { publishedAccounts } from '../accounts/published-accounts.ts'
import type { Audit } from '../observability/audit.ts'
import { loginPage } from '../views/login.ts'
import { sendPage } from '../views/send-page.ts'
import { clientName } from './client-identity.ts'
import type { FormTokens } from './form-token.ts'
import { findKnownBrowser, rememberBrowser } from './known-browser.ts'
import type { LoginLimits } from './login-limits.ts'
import { passwordMark } from './session-password.ts'

/** What the login page needs. */
export interface LoginParts {
  readonly config: Pick<Config, 'issuer' | 'resource' | 'development' | 'accountsFile'>
  readonly accounts: Accounts
  readonly loginLimits: LoginLimits
  readonly passwordQueue: PasswordQueue
  readonly formTokens: FormTokens
  readonly audit: Audit
  readonly addressOf: AddressOf
}

/** A login form that was sent: the page that it was on, and what stood in it. */
interface Submission {
  readonly interaction: Interaction
  readonly client: Client
  readonly username: string
}

/** Asks for a user name and a password. A `login_hint` fills in the user name. */
export function showLogin(ctx: Context, parts: LoginParts, interaction: Interaction, client: Client): void {
  const { login_hint: hint } = interaction.params
  render(ctx, 200, parts, { interaction, client, username: typeof hint === 'string' ? hint : '' })
}

/**
 * Judges a submitted login form. When it does not fit, the page is answered again, with 422: 401 would
 * have to name an HTTP authentication scheme (RFC 9110 §15.5.2).
 * @returns the result for oidc-provider; undefined when the page was answered
 */
export async function submitLogin(
  ctx: Context,
  parts: LoginParts,
  interaction: Interaction,
  client: Client,
  form: URLSearchParams,
): Promise<InteractionResults | undefined> {
  const { config, accounts, loginLimits, passwordQueue, audit, addressOf } = parts
  const username = normalizeUsername(form.get('username') ?? '')
  const submission = { interaction, client, username }
  const address = addressOf(ctx.req)
  const name = await accounts.nameOf(username)
  const circumstances = { clientId: client.clientId, address, ...(name !== undefined && { account: name }) }

  const judged = await judge().catch((error) => {
    if (!(error instanceof PasswordQueueError)) throw error
    return undefined
  })
  if (!judged) return wait(ctx, 503, parts, submission, 5)
  if ('retryAfterSeconds' in judged) {
    audit({ event: 'login_limited', ...circumstances })
    return wait(ctx, 429, parts, submission, judged.retryAfterSeconds)
  }
  const { account } = judged
  if (account) {
    rememberBrowser(ctx, username, config.issuer)
    audit({ event: 'login', ...circumstances, subject: account.id })
    return { login: { accountId: account.id, amr: ['pwd'], password: passwordMark(account) } }
  }
  audit({
    event: 'login_failed',
    ...circumstances,
    reason: name === undefined ? 'unknown_account' : 'not_accepted',
  })
  render(ctx, 422, parts, {
    ...submission,
    problem: 'The user name and the password do not belong together. Check both and try again.',
  })
  return undefined

  /**
   * The counts of this caller and name come before the queue: of a thousand guesses at once, few wait. The counts that
   * callers share come after it: what waits holds none, so 200 right passwords from one address do not refuse another.
   */
  async function judge() {
    const knownBrowser = findKnownBrowser(ctx, username)
    const turn = await loginLimits.take({ username, address, knownBrowser })
    if (!turn.allowed) return turn
    try {
      return await passwordQueue(siteOf(address), async () => {
        const refused = await turn.begin()
        if (refused) return refused
        const account = await accounts.authenticate(username, form.get('password') ?? '')
        if (account) await turn.forgive()
        return { account }
      })
    } catch (error) {
      // What was not judged was no guess.
      if (error instanceof PasswordQueueError) await turn.withdraw()
      throw error
    }
  }
}

/** The page says the same whoever is named, and whether or not the password was the right one. */
function wait(
  ctx: Context,
  status: 429 | 503,
  parts: LoginParts,
  submission: Submission,
  seconds: number,
): undefined {
  ctx.set('Retry-After', String(seconds))
  const why = status === 429 ? 'There were too many attempts to sign in' : 'Many people are signing in'
  render(ctx, status, parts, { ...submission, problem: `${why}. Try again in ${inWords(seconds)}.` })
}

function inWords(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? '1 second' : `${seconds} seconds`
  return `${Math.ceil(seconds / 60)} minutes`
}

function render(
  ctx: Context,
  status: number,
  { config, formTokens }: LoginParts,
  page: Submission & { problem?: string },
): void {
  const { interaction, client, ...fields } = page
  sendPage(
    ctx,
    status,
    loginPage({
      ...fields,
      action: ctx.path,
      formToken: formTokens.create(interaction.uid),
      clientName: client.clientId === accountPageClientId ? undefined : clientName(client),
      resource: config.resource,
      testAccounts: publishedAccounts(config),
    }),
  )
}
