import type { AdapterFactory } from 'oidc-provider'

const library = import.meta.resolve('oidc-provider')
const { createMemoryAdapter } = await import(new URL('adapters/memory_adapter.js', library).href)

/** Stands in for provider/storage/storage-adapter.ts: what oidc-provider uses when it is told nothing else. */
export const createAdapterFactory: () => AdapterFactory = createMemoryAdapter.bind(undefined, 15)
