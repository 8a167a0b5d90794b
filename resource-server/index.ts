/**
 * Protect an MCP server of your own: `import { protectMcp, scopes, … } from 'mcp-gatehouse/resource-server'`.
 * docs/protect-your-server.md shows how.
 */

export type { RateLimit, RateLimiter } from '../runtime/rate-limiter.ts'
export { type Access, anyToken, type Guard, publicAccess, type SecurityScheme, scopes } from './access.ts'
export { type KoaContext, type KoaMiddleware, toKoaMiddleware } from './adapters/koa.ts'
export { type NodeListener, type NodeListenerOptions, toNodeListener } from './adapters/node.ts'
export { type AuthInfoExtra, extraOf } from './auth/auth-info.ts'
export type { Denial } from './auth/challenge.ts'
export type { Choice, ValidationMode } from './auth/choose-verifier.ts'
export type { ReplayStore } from './auth/dpop.ts'
export type { Decision, GateRequest } from './auth/gate.ts'
export { UnguardedToolError } from './auth/guarded-server.ts'
export type { IntrospectionClient } from './auth/introspection.ts'
export type { BodyLimits, BodyOptions, UnreadBody } from './auth/receive-body.ts'
export type { RequestLimit, Share } from './auth/request-share.ts'
export { AuthorityUnavailable, type Refusal, type TokenVerifier, type Verdict } from './auth/verdict.ts'
export { type ProtectedMcp, type ProtectOptions, protectMcp } from './protect.ts'
export { openSharedState, type SharedState } from './state/shared-state.ts'
export { type StdioOptions, serveStdio } from './stdio.ts'
