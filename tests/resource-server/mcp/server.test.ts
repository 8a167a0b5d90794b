import { expect, it } from '@jest/globals'
import manifest from '../../../package.json' with { type: 'json' }
import { implementation } from '../../../resource-server/mcp/server.ts'

it("the server's version is the package's", () => {
  expect(implementation.version).toBe(manifest.version)
})
