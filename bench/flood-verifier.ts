import process from 'node:process'
import { createCachingVerifier } from '../resource-server/auth/caching-verifier.ts'
import type { FloodMemory } from './bad-token-memory.ts'
import { exampleAuthInfo } from './support/example-auth-info.ts'

// Run by bad-token-memory.ts with --expose-gc and the number of bad tokens; writes a FloodMemory as JSON.

const tokens = Number(process.argv[2])
const batch = 500
const server = { issuer: 'http://localhost:9000', resource: 'http://localhost:8000/mcp' }
const hot = Array.from({ length: 100 }, (_, index) => `hot-${index}`)
let hotValidations = 0

const verifier = createCachingVerifier(
  {
    async verify(token) {
      if (!token.startsWith('hot-')) return { refusal: { reason: 'inactive' } }
      hotValidations += 1
      return { authInfo: exampleAuthInfo(token, server) }
    },
  },
  { ttlSeconds: 300 },
)

function heapBytes(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

await Promise.all(hot.map((token) => verifier.verify(token)))
hotValidations = 0
const heapBytesBefore = heapBytes()
const startedAt = performance.now()
let heapBytesHighest = heapBytesBefore
let hotCalls = 0
for (let sent = 0; sent < tokens; sent += batch) {
  const bad = Array.from({ length: Math.min(batch, tokens - sent) }, (_, index) => `bad-${sent + index}`)
  await Promise.all(bad.map((token) => verifier.verify(token)))
  const hotToken = hot[(sent / batch) % hot.length] as string
  await verifier.verify(hotToken)
  hotCalls += 1
  if (sent % 50_000 === 0) heapBytesHighest = Math.max(heapBytesHighest, heapBytes())
}
const heapBytesAfter = heapBytes()
const found: FloodMemory = {
  hotCalls,
  hotValidations,
  heapBytesBefore,
  heapBytesAfter,
  heapBytesHighest: Math.max(heapBytesHighest, heapBytesAfter),
  seconds: (performance.now() - startedAt) / 1000,
}
process.stdout.write(JSON.stringify(found))
