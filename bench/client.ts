import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { Tokens } from '../client/tokens.ts'
import { openTestStore, passphrase } from '../tests/support/client-process.ts'
import { median } from './support/compare.ts'
import { startMcpServer } from './support/mcp-server.ts'
import { type SignedIn, startProviderAndSignIn } from './support/provider.ts'
import { decimal, type Finding, renderFindings } from './support/report.ts'
import { readDataRequest } from './support/requests.ts'
import { runBenchmark } from './support/run-benchmark.ts'

/** The most that a warm command may take beyond the server's own time, in milliseconds. */
const mostMs = 350

/** What the npm scripts load first: with it, `client/main.ts` itself comes out of the compile cache, too. */
const preload = './runtime/require-node.cjs'

const root = fileURLToPath(new URL('../', import.meta.url))

await runBenchmark({
  title: 'The client’s command line',
  script: 'bench:client',
  resultFile: 'client.md',
  explanation:
    'A warm call is `node client/main.ts call read_data resource_id=doc1` from the start of the process to its end, with ' +
    'tokens in the sealed file, which a passphrase opens, and with the server known from before: one HTTP request, which the ' +
    "server answers in its own time. The server's own time is that of the same request sent by a process that runs already. Medians.",
  async run({ quick }, onProgress) {
    const signedIn = await startProviderAndSignIn()
    const server = await startMcpServer(signedIn.issuer, { RESOURCE: signedIn.resource })
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-client-'))
    const resource = `http://localhost:${server.port}/mcp`
    try {
      await keepToken(folder, resource, signedIn)
      const command = (...args: readonly string[]) => timed(folder, resource, ['client/main.ts', ...args])
      const call = ['call', 'read_data', 'resource_id=doc1']
      onProgress('warming up')
      await command(...call)
      const requests = await requestsOf(folder, resource, call)
      const runs = quick ? 3 : 25
      const sdkAlone = [
        'bench/clients/sdk-alone.ts',
        resource,
        signedIn.token,
        await priorOf(resource, signedIn),
      ]
      const [warm, preloaded, floor, bare, own]: number[][] = [[], [], [], [], []]
      for (let run = 1; run <= runs; run += 1) {
        onProgress(`run ${run} of ${runs}`)
        warm?.push(await command(...call))
        preloaded?.push(await timed(folder, resource, ['-r', preload, 'client/main.ts', ...call]))
        floor?.push(await timed(folder, resource, sdkAlone))
        bare?.push(await timed(folder, resource, ['-e', '0']))
        own?.push(await serverTime(resource, signedIn.token))
      }
      return renderFindings(findings({ warm, preloaded, floor, bare, own }, requests))
    } finally {
      await Promise.all([server.stop(), signedIn.provider.stop(), rm(folder, { recursive: true })])
    }
  },
})

function findings(
  times: Readonly<Record<'warm' | 'preloaded' | 'floor' | 'bare' | 'own', readonly number[] | undefined>>,
  requests: number,
): readonly Finding[] {
  const [call = 0, preloaded = 0, floor = 0, node, server = 0] = [
    median(times.warm ?? []),
    median(times.preloaded ?? []),
    median(times.floor ?? []),
    median(times.bare ?? []),
    median(times.own ?? []),
  ]
  return [
    {
      what: "a warm call, beyond the server's own time",
      target: `< ${mostMs} ms`,
      figure: `${decimal(call - server, 0)} ms`,
      met: call - server < mostMs,
    },
    {
      what: 'the same, started as `npm run client` does',
      figure: `${decimal(preloaded - server, 0)} ms`,
    },
    {
      what: 'the MCP SDK, one key derivation and the request alone',
      figure: `${decimal(floor - server, 0)} ms`,
    },
    { what: 'of that, starting Node.js itself', figure: `${decimal(node, 0)} ms` },
    { what: "the server's own time", figure: `${decimal(server, 1)} ms` },
    { what: 'HTTP requests of a warm call', target: '1', figure: String(requests), met: requests === 1 },
  ]
}

/** What the SDK remembers of a server that it knows, as JSON. */
async function priorOf(resource: string, { token }: SignedIn): Promise<string> {
  const client = new Client({ name: 'benchmark', version: '0.1.0' }, { versionNegotiation: { mode: 'auto' } })
  const headers = { authorization: `Bearer ${token}` }
  await client.connect(new StreamableHTTPClientTransport(new URL(resource), { requestInit: { headers } }))
  const discover = client.getDiscoverResult()
  await client.close()
  return JSON.stringify({ kind: 'modern', discover })
}

/** Puts the token into the store, as a sign-in does. */
async function keepToken(folder: string, resource: string, { issuer, token }: SignedIn): Promise<void> {
  const tokens: Tokens = {
    profile: 'default',
    issuer,
    resource,
    clientId: 'test-client',
    accessToken: token,
    expiresAt: Math.floor(Date.now() / 1000) + 3000,
    scopes: ['read', 'write'],
  }
  await openTestStore(folder).tokens.update(tokens, async () => tokens)
}

async function timed(folder: string, resource: string, args: readonly string[]): Promise<number> {
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: environment(folder, resource),
    stdio: 'ignore',
  })
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`)
  return performance.now() - startedAt
}

/** Counts the requests that a command tells of. */
async function requestsOf(folder: string, resource: string, call: readonly string[]): Promise<number> {
  const args = ['client/main.ts', ...call, '--verbose']
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: environment(folder, resource),
    stdio: 'pipe',
  })
  let told = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    told += text
  })
  await once(child, 'close')
  return told.split('\n').filter((line) => /^ *\d+ /.test(line)).length
}

function environment(folder: string, resource: string): Record<string, string> {
  return {
    PATH: '',
    XDG_STATE_HOME: folder,
    XDG_CACHE_HOME: folder,
    RESOURCE: resource,
    TOKEN_STORE_PASSPHRASE: passphrase,
  }
}

async function serverTime(resource: string, token: string): Promise<number> {
  const { body, headers } = readDataRequest({ token })
  const startedAt = performance.now()
  const response = await fetch(resource, { method: 'POST', body, headers })
  await response.text()
  if (!response.ok) throw new Error(`The server answered ${response.status}`)
  return performance.now() - startedAt
}
