import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ConnectionRefusal } from '../../runtime/connection-limit.ts'
import type { CacheStatistics, Validation } from '../auth/caching-verifier.ts'
import type { Decision } from '../auth/gate.ts'
import { reasonOf, targetOf } from './target.ts'

/** The counters of this server, for Prometheus. */
export interface Metrics {
  decided(decision: Decision): void
  validated(validation: Validation): void
  /** Counts a request as in flight until the returned function is called. */
  began(): () => void
  /** A connection, or what came on it, that was refused before there was a request to serve. */
  connectionRefused(reason: ConnectionRefusal): void
  /** Text exposition format 0.0.4. */
  text(): Promise<string>
}

/**
 * @param tools the names that may become labels: any other name comes from outside, and would make a series each
 * @param statistics of the token cache
 */
export function createMetrics(
  tools: readonly string[],
  statistics: () => Readonly<CacheStatistics>,
): Metrics {
  const registers = [new Registry()]
  const decisions = new Counter({
    name: 'gatehouse_decisions_total',
    help: 'Messages that the gate judged, by tool and reason',
    labelNames: ['tool', 'reason'],
    registers,
  })
  const validations = new Histogram({
    name: 'gatehouse_token_validation_seconds',
    help: 'Time to validate a token that was not cached, by outcome',
    labelNames: ['outcome'],
    buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2],
    registers,
  })
  const issuerErrors = new Counter({
    name: 'gatehouse_issuer_errors_total',
    help: 'Validations that failed because the issuer could not be asked',
    registers,
  })
  new Counter({
    name: 'gatehouse_token_cache_hits_total',
    help: 'Requests whose token was judged from the cache',
    registers,
    collect() {
      this.reset()
      this.inc(statistics().hits)
    },
  })
  const inFlight = new Gauge({
    name: 'gatehouse_requests_in_flight',
    help: 'Requests being served',
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
    decided(decision) {
      const reason = reasonOf(decision)
      // What was refused before it was parsed counts as one.
      for (const message of decision.messages.length > 0 ? decision.messages : [undefined]) {
        const { method, tool } = targetOf(message)
        const label =
          method !== 'tools/call' ? 'none' : tools.includes(tool ?? '') ? (tool as string) : 'unknown'
        decisions.inc({ tool: label, reason })
      }
    },
    validated({ outcome, seconds }) {
      validations.observe({ outcome }, seconds)
      if (outcome === 'unavailable') issuerErrors.inc()
    },
    began() {
      inFlight.inc()
      return () => inFlight.dec()
    },
    text: () => (registers[0] as Registry).metrics(),
  }
}
