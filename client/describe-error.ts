import {
  InsufficientScopeError,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { ConfigError } from '../config/index.ts'
import { PromptCancelled } from '../runtime/prompt-secrets.ts'
import { ClientFailure, causeOf, codeOf, type ExitStatus, exitStatus } from './failure.ts'

/** An error for the person in front of the terminal. Its text may come from a server: print it as printable. */
export interface ErrorDescription {
  readonly message: string
  readonly hint?: string | undefined
  readonly status: ExitStatus
}

/** Says what happened and what to do next, for whatever was thrown. The libraries' stable codes decide. */
export function describeError(error: unknown): ErrorDescription {
  const chain = causes(error)
  const ours = chain.find((cause) => cause instanceof ClientFailure)
  if (ours) return ours
  for (const cause of chain) {
    const description = describePrompt(cause) ?? describeAuthorization(cause) ?? describeMcp(cause)
    if (description) return description
  }
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof ConfigError) return { message, status: exitStatus.usage }
  return { message: `Unexpected: ${message}`, status: exitStatus.failed }
}

/** The error and its causes, innermost first: the libraries wrap what happened below them. */
function causes(error: unknown): readonly unknown[] {
  const chain: unknown[] = []
  for (let cause = error; cause !== undefined && !chain.includes(cause); ) {
    chain.unshift(cause)
    cause = causeOf(cause)
  }
  return chain
}

function describePrompt(error: unknown): ErrorDescription | undefined {
  if (!(error instanceof PromptCancelled)) return undefined
  if (error.interrupted) return { message: 'Interrupted.', status: exitStatus.interrupted }
  return {
    message: 'No passphrase was entered, so the token file stays closed.',
    hint: 'Try again, or set TOKEN_STORE_PASSPHRASE.',
    status: exitStatus.usage,
  }
}

function describeAuthorization(error: unknown): ErrorDescription | undefined {
  const status = exitStatus.signIn
  if (error instanceof AuthorizationResponseError) {
    const message = `Signing in was refused: ${error.error_description ?? error.error} (${error.error}).`
    return { message, hint: 'Nothing was signed in. Try again: npm run client -- login', status }
  }
  if (error instanceof ResponseBodyError) {
    const message = `The authorization server refused: ${error.error_description ?? error.error} (${error.error}).`
    return { message, hint: hints[error.error] ?? 'Sign in again: npm run client -- login', status }
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    const message = `The authorization server does not accept this client (HTTP ${error.status}).`
    return { message, hint: 'Check CLIENT_ID and CLIENT_SECRET.', status }
  }
  if (codeOf(error) === 'OAUTH_JWT_TIMESTAMP_CHECK_FAILED') return { ...describeClock(error), status }
  if (error instanceof ClientError) {
    const reason = codeOf(error) === 'OAUTH_INVALID_RESPONSE' ? invalidResponse(error) : error.message
    return { message: `The authorization server's answer was not accepted: ${reason}.`, status }
  }
  return undefined
}

/** A token that was issued a moment ago is of the past or the future here: the two machines differ. */
function describeClock(error: unknown): Pick<ErrorDescription, 'message' | 'hint'> {
  const { now, claims, claim } = Object(causeOf(error)) as Record<string, unknown>
  const apart = Math.round(Number(now) - Number(Object(claims)[String(claim)]))
  const direction = apart > 0 ? 'ahead of' : 'behind'
  const far = Number.isFinite(apart) ? ` by ${Math.abs(apart)} s or more` : ''
  return {
    message: `This machine’s clock is ${direction} the authorization server’s${far}: its token is ${apart > 0 ? 'over already' : 'not valid yet'} here.`,
    hint: 'Set this machine’s clock: timedatectl set-ntp true. If it is right, the authorization server’s is wrong.',
  }
}

const registration = 'See how this client (CLIENT_ID) is registered there, and for which ways of signing in.'

/** What to do about an error of the token endpoint (RFC 6749 §5.2). */
const hints: Readonly<Record<string, string>> = {
  invalid_client: 'Check CLIENT_ID and CLIENT_SECRET.',
  invalid_request: registration,
  unauthorized_client: registration,
  unsupported_grant_type: registration,
}

/** Which check failed is in the cause; what a forged response says is not repeated. */
function invalidResponse(error: ClientError): string {
  return error.cause instanceof Error ? error.cause.message : error.message
}

function describeMcp(error: unknown): ErrorDescription | undefined {
  if (error instanceof InsufficientScopeError) {
    return {
      message: `This needs more than your account was granted: ${error.requiredScope ?? error.errorDescription ?? 'scopes not named'}.`,
      hint: 'Sign in with an account that has them: npm run client -- logout, then npm run client',
      status: exitStatus.scope,
    }
  }
  if (error instanceof UnauthorizedError || (error instanceof SdkHttpError && error.status === 401)) {
    return {
      message: 'The MCP server does not accept the token, although it was just issued.',
      hint: 'The MCP server and the authorization server must agree on ISSUER and RESOURCE.',
      status: exitStatus.signIn,
    }
  }
  if (error instanceof SdkHttpError) {
    const message = jsonRpcMessage(error.data.text) ?? error.message
    if (error.status === 503) {
      return {
        message: `The MCP server answered HTTP 503: ${message}`,
        hint: 'It cannot reach its authorization server. If that is on this machine: npm run provider',
        status: exitStatus.unreachable,
      }
    }
    const status = error.status >= 500 ? exitStatus.unreachable : exitStatus.failed
    return { message: `The MCP server answered HTTP ${error.status}: ${message}`, status }
  }
  if (error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout) {
    return { message: 'The MCP server did not answer in time.', status: exitStatus.unreachable }
  }
  if (error instanceof ProtocolError || error instanceof SdkError) {
    return { message: `The MCP server's answer: ${error.message}`, status: exitStatus.failed }
  }
  return undefined
}

function jsonRpcMessage(text: unknown): string | undefined {
  try {
    const message: unknown = JSON.parse(String(text)).error.message
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined
  }
}
