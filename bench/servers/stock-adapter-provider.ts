import { registerHooks } from 'node:module'

// The same program with oidc-provider's stock adapter (an LRU of 1,000 entries) in the place of this project's.
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.endsWith('/storage-adapter.ts')) return next(specifier, context)
    return { url: new URL('stock-adapter.ts', import.meta.url).href, shortCircuit: true }
  },
})
await import('./gatehouse-provider.ts')
