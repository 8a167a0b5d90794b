import { argon2 } from 'node:crypto'
import { enableCompileCache } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

// What a warm call cannot do without, and nothing of this project: the key of a token file, the MCP SDK, one request.
// Arguments: the server's URL, the token, and what the SDK remembers of the server.

enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/compiled', import.meta.url)))
const [resource = '', token = '', prior = ''] = process.argv.slice(2)
const nonce = Buffer.alloc(16)
const cost = { memory: 12_288, passes: 3, parallelism: 1, tagLength: 32 }
const key = promisify(argon2)('argon2id', { ...cost, message: 'a passphrase of the benchmark', nonce })

const { config } = await import('zod')
config({ jitless: true })
const { Client, StreamableHTTPClientTransport } = await import('@modelcontextprotocol/client')
const { CfWorkerJsonSchemaValidator } = await import('@modelcontextprotocol/client/validators/cf-worker')
await key
const client = new Client(
  { name: 'benchmark', version: '0.1.0' },
  { versionNegotiation: { mode: 'auto' }, jsonSchemaValidator: new CfWorkerJsonSchemaValidator() },
)
const headers = { authorization: `Bearer ${token}` }
const transport = new StreamableHTTPClientTransport(new URL(resource), { requestInit: { headers } })
await client.connect(transport, { prior: JSON.parse(prior) })
const { content } = await client.callTool({ name: 'read_data', arguments: { resource_id: 'doc1' } })
process.stdout.write(`${JSON.stringify(content)}\n`)
await client.close()
