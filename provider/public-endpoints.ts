import type { Middleware } from 'koa'
import { resourceScopeNames } from '../config/index.ts'

/**
 * Lets scripts of any origin register a client (RFC 7591): oidc-provider has CORS for its other endpoints.
 * No cookie is looked at there, so that no origin can act for anyone.
 */
export function registrationCors(): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== '/register') return next()
    ctx.set('Access-Control-Allow-Origin', '*')
    if (ctx.method !== 'OPTIONS') return next()
    ctx.set({
      'Access-Control-Allow-Methods': 'POST',
      'Access-Control-Allow-Headers': 'Content-Type',
      'Access-Control-Max-Age': '3600',
    })
    ctx.status = 204
  }
}

/**
 * Adds the resource's scopes to the metadata (RFC 8414 §2): oidc-provider lists OpenID's alone, and
 * clients look there for what they may ask for.
 */
export function advertiseResourceScopes(): Middleware {
  return async (ctx, next) => {
    await next()
    if (ctx.oidc?.route !== 'discovery' || !Array.isArray(Object(ctx.body).scopes_supported)) return
    const metadata = Object(ctx.body)
    metadata.scopes_supported = [...metadata.scopes_supported, ...resourceScopeNames]
  }
}

/**
 * Says how long the public keys may be kept: minutes, so that keys that were replaced because they had
 * leaked are soon forgotten. The next key is published for far longer before it signs.
 */
export function keyCaching(): Middleware {
  return async (ctx, next) => {
    await next()
    if (ctx.oidc?.route === 'jwks') ctx.set('Cache-Control', 'public, max-age=300')
  }
}
