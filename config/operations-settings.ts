import type { Config } from './config.ts'
import type { Environment } from './env.ts'

/** What operators set: metrics, health and stop. */
export function operationsFields(
  variables: Environment,
): Pick<Config, 'metricsHost' | 'metricsPort' | 'readyNeedsIssuer' | 'stopDelaySeconds'> {
  return {
    metricsHost: variables.METRICS_HOST ?? '127.0.0.1',
    ...(variables.METRICS_PORT !== undefined && { metricsPort: variables.METRICS_PORT }),
    readyNeedsIssuer: variables.READY_NEEDS_ISSUER ?? false,
    stopDelaySeconds: variables.STOP_DELAY_SECONDS ?? 0,
  }
}
