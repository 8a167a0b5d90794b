/**
 * Jest lends its tests the outer realm's `structuredClone`, whose objects oidc-provider does not take for plain
 * ones: it would refuse the keys of every configured client. To be imported before a provider with such clients.
 */
globalThis.structuredClone = <T>(value: T): T =>
  value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T)
