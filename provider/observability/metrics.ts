import type { Middleware } from 'koa'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ConnectionRefusal } from '../../runtime/connection-limit.ts'
import { routeOf } from '../route-of.ts'
import type { SecurityEvent } from './audit.ts'

/** What this server counts, for Prometheus. No label holds a word from outside. */
export interface Metrics {
  /** Counts requests, and how long they take. To be the first middleware. */
  readonly requests: Middleware
  /** A grant at the token endpoint. @param outcome `success`, or an OAuth error code */
  granted(grantType: string, outcome: string): void
  happened(event: SecurityEvent['event']): void
  stored(operation: string, seconds: number, failed: boolean): void
  /** A connection, or what came on it, that was refused before there was a request to serve. */
  connectionRefused(reason: ConnectionRefusal): void
  /** Text exposition format 0.0.4. */
  text(): Promise<string>
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])

const grantTypes: ReadonlySet<string> = new Set([
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
])

const outcomes: ReadonlySet<string> = new Set([
  'success',
  'invalid_client',
  'invalid_dpop_proof',
  'invalid_grant',
  'invalid_request',
  'invalid_scope',
  'invalid_target',
  'unauthorized_client',
  'unsupported_grant_type',
  'authorization_pending',
  'slow_down',
  'expired_token',
  'access_denied',
  'use_dpop_nonce',
  'server_error',
])

/** `other` for what is not in the list. */
const among = (list: ReadonlySet<string>, word: string) => (list.has(word) ? word : 'other')

/** Metrics of one server, in a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const requests = new Counter({
    name: 'gatehouse_http_requests_total',
    help: 'Requests that were answered, by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers,
  })
  const seconds = new Histogram({
    name: 'gatehouse_http_request_seconds',
    help: 'Time to answer a request, by route',
    labelNames: ['route'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5],
    registers,
  })
  const inFlight = new Gauge({
    name: 'gatehouse_requests_in_flight',
    help: 'Requests being served',
    registers,
  })
  const grants = new Counter({
    name: 'gatehouse_grants_total',
    help: 'Requests for tokens, by grant type and outcome: success, or an OAuth error code',
    labelNames: ['grant_type', 'outcome'],
    registers,
  })
  const events = new Counter({
    name: 'gatehouse_security_events_total',
    help: 'Records of the audit trail, by event',
    labelNames: ['event'],
    registers,
  })
  const rateLimited = new Counter({
    name: 'gatehouse_rate_limited_total',
    help: 'Requests that were answered 429, by route',
    labelNames: ['route'],
    registers,
  })
  const store = new Histogram({
    name: 'gatehouse_store_seconds',
    help: 'Time that the store takes, by operation',
    labelNames: ['operation'],
    buckets: [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5],
    registers,
  })
  const storeErrors = new Counter({
    name: 'gatehouse_store_errors_total',
    help: 'Operations that the store failed, by operation',
    labelNames: ['operation'],
    registers,
  })

  const connectionsRefused = new Counter({
    name: 'gatehouse_connections_refused_total',
    help: 'Connections that were refused before there was a request to serve, by reason',
    labelNames: ['reason'],
    registers,
  })

  return {
    connectionRefused: (reason) => connectionsRefused.inc({ reason }),
    async requests(ctx, next) {
      const route = routeOf(ctx.path)
      const began = performance.now()
      inFlight.inc()
      // A client that goes away ends the request as well; the status is then what it would have been told.
      ctx.res.once('close', () => {
        inFlight.dec()
        seconds.observe({ route }, (performance.now() - began) / 1000)
        requests.inc({ route, method: among(methods, ctx.method), status: ctx.status })
        if (ctx.status === 429) rateLimited.inc({ route })
      })
      await next()
    },
    granted: (grantType, outcome) =>
      grants.inc({ grant_type: among(grantTypes, grantType), outcome: among(outcomes, outcome) }),
    happened: (event) => events.inc({ event }),
    stored(operation, duration, failed) {
      store.observe({ operation }, duration)
      if (failed) storeErrors.inc({ operation })
    },
    text: () => registry.metrics(),
  }
}
