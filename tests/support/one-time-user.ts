import process from 'node:process'
import { errors } from 'oidc-provider'
import { openStorage } from '../../provider/storage/open-storage.ts'
import { createAdapterFactory } from '../../provider/storage/storage-adapter.ts'
import { testStoreKey } from './store-key.ts'

/** A process that, for each identifier it is told, tries 25 times at once to use it, and says how often it could. */
const [url = ''] = process.argv.slice(2)
const storage = await openStorage(url, { keys: [testStoreKey] })
const adapters = createAdapterFactory(storage)
const limiter = storage.createLimiter('processes', { points: 10, seconds: 60 })

async function use(model: string, id: string): Promise<boolean> {
  if (model === 'limit')
    return limiter.consume(id).then(
      () => true,
      () => false,
    )
  if (model === 'ReplayDetection') return (await adapters(model).find(id)) === undefined
  try {
    await adapters(model).consume(id)
    return true
  } catch (error) {
    if (error instanceof errors.OIDCProviderError) return false
    throw error
  }
}

process.on('message', async ({ model, id }: { model: string; id: string }) => {
  const outcomes = await Promise.all(Array.from({ length: 25 }, () => use(model, id)))
  process.send?.(outcomes.filter(Boolean).length)
})
process.once('disconnect', () => storage.close())
process.send?.('ready')
