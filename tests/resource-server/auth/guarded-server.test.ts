import { afterEach, describe, expect, it } from '@jest/globals'
import {
  completable,
  McpServer,
  type McpServerFactory,
  ResourceTemplate,
  requireScopes,
  Server,
} from '@modelcontextprotocol/server'
import { z } from 'zod'
import { publicAccess, scopes } from '../../../resource-server/access.ts'
import { toNodeListener } from '../../../resource-server/adapters/node.ts'
import { UnguardedToolError } from '../../../resource-server/auth/guarded-server.ts'
import { type ProtectOptions, protectMcp } from '../../../resource-server/protect.ts'
import { openServer } from '../../support/http-server.ts'
import { startIssuer } from '../../support/issuer-stand-in.ts'
import { callTool, type Era, postMcp, sendBatch, sendRequest } from '../../support/mcp-request.ts'

const eras: readonly Era[] = ['legacy', 'modern']
const text = { content: [{ type: 'text' as const, text: 'ran' }] }
const anything = { inputSchema: z.object({}) }

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

/** Protects a server, and serves it over HTTP. `ran` has the handlers that ran, by name. */
async function serve(
  register: (server: McpServer, ran: (name: string) => void, context: { anonymous: boolean }) => void,
  more: Partial<ProtectOptions> = {},
) {
  const issuer = await startIssuer()
  const http = await openServer()
  closing.push(
    () => http.close(),
    () => issuer.stop(),
  )
  const ran: string[] = []
  const errors: string[] = []
  const factory: McpServerFactory = ({ authInfo }) => {
    const server = new McpServer({ name: 'strange', version: '1' })
    register(server, (name) => void ran.push(name), { anonymous: authInfo === undefined })
    return server
  }
  const url = `${http.origin}/mcp`
  const mcp = await protectMcp(factory, {
    issuer: issuer.issuer,
    resource: url,
    scopes: ['read', 'write'],
    client: { id: 'mcp-server', secret: 'mcp-server-development-secret' },
    onerror: ({ message }) => void errors.push(message),
    ...more,
  })
  closing.push(() => mcp.close())
  http.server.on('request', toNodeListener(mcp))
  const token = (scope: string) => issuer.issue(url, { scope })
  return { url, ran, errors, token }
}

const start = (register: (server: McpServer) => void, more: Partial<ProtectOptions> = {}) =>
  serve(register, more).then(({ url }) => url)

describe('protectMcp at start', () => {
  const handWritten = { _meta: { securitySchemes: [{ type: 'oauth2', scopes: ['admin'] }] } }

  it('refuses a server with something that has no guard, and names all of it [A35]', async () => {
    const outcome = start((server) => {
      server.registerTool('open', { ...anything, ...publicAccess() }, () => text)
      server.registerTool('forgotten', anything, () => text)
      server.registerTool('advertised', { ...anything, ...handWritten }, () => text)
      server.registerTool('of-the-sdk', { ...anything, scopeChallenge: requireScopes('admin') }, () => text)
      server.registerResource('plan', 'secret://plan', handWritten, () => ({ contents: [] }))
      server.registerResource('file', new ResourceTemplate('doc://{name}', { list: undefined }), {}, () => ({
        contents: [],
      }))
      server.registerPrompt('draft', {}, () => ({ messages: [] }))
      server.server.setRequestHandler('acme/secret', { params: z.object({}) }, () => ({}))
      server.server.fallbackRequestHandler = async () => ({})
    })
    await expect(outcome).rejects.toThrow(UnguardedToolError)
    await expect(outcome).rejects.toThrow(
      /tool forgotten, tool advertised, tool of-the-sdk, resource secret:\/\/plan, resource template file, prompt draft, method acme\/secret, the fallback request handler/,
    )
    await expect(outcome).rejects.toThrow("scopes('…')")
  })

  it('refuses scopes that no token can have (RFC 6749 §3.3) [A35]', async () => {
    await expect(start(() => {}, { scopes: ['read write'] })).rejects.toThrow(/"read write" is not a scope/)
    await expect(start(() => {}, { scopes: ['read', ''] })).rejects.toThrow(TypeError)
  })

  it('refuses a low-level Server, which checks no scopes [A35]', async () => {
    const factory = () => new Server({ name: 'low', version: '1' }, { capabilities: {} })
    const options = { issuer: 'http://localhost:1', resource: 'http://localhost:2/mcp', scopes: ['read'] }
    await expect(protectMcp(factory, options)).rejects.toThrow(TypeError)
  })

  it('refuses a version of the SDK whose registries are not where they are expected [A35]', async () => {
    const outcome = start((server) => {
      Object.assign(server, { _registeredPrompts: undefined })
    })
    await expect(outcome).rejects.toThrow(/no _registeredPrompts, so scopes cannot be enforced/)
  })

  it('takes a server without tools', async () => {
    const url = await start(() => {})
    expect((await sendRequest(url, 'ping')).status).toBe(200)
  })
})

describe.each(eras)('a request of the %s era', (era) => {
  it('does not run a tool that is registered without a guard for callers with a token [A35]', async () => {
    const { url, ran, errors, token } = await serve((server, note, { anonymous }) => {
      server.registerTool('open', { ...anything, ...publicAccess() }, () => text)
      if (anonymous) return
      server.registerTool('late', anything, () => {
        note('late')
        return text
      })
      server.registerTool('guarded', { ...anything, ...scopes('read') }, () => {
        note('guarded')
        return text
      })
    })
    const asReader = { token: token('read write admin'), era }
    expect((await callTool(url, 'late', {}, { era })).status).toBe(401)
    const refused = await callTool(url, 'late', {}, asReader)
    expect(refused.body.error?.message).toMatch(/does not say who may use the tool/)
    expect(errors.some((message) => message.includes('tool late'))).toBe(true)
    expect((await callTool(url, 'guarded', {}, asReader)).body.result?.content).toEqual(text.content)
    expect(ran).toEqual(['guarded'])
  })

  it('does not run for an anonymous caller a tool that was public at start and is not any more [A35]', async () => {
    let guard: object = publicAccess()
    const { url, ran } = await serve((server, note) => {
      server.registerTool('changing', { ...anything, ...guard }, () => {
        note('changing')
        return text
      })
    })
    guard = { _meta: { securitySchemes: [{ type: 'noauth' }] } }
    expect((await callTool(url, 'changing', {}, { era })).body.error).toBeDefined()
    guard = scopes('read')
    expect((await callTool(url, 'changing', {}, { era })).status).toBe(401)
    expect(ran).toEqual([])
  })

  it('does not run a tool whose guard was taken away while the server was made [A35]', async () => {
    const { url, ran, token } = await serve((server, note, { anonymous }) => {
      const tool = server.registerTool('once-guarded', { ...anything, ...scopes('read') }, () => {
        note('once-guarded')
        return text
      })
      if (!anonymous) tool.update({ scopeChallenge: null })
    })
    expect((await callTool(url, 'once-guarded', {}, { token: token('read'), era })).body.error).toBeDefined()
    expect(ran).toEqual([])
  })

  it('does not run handlers that were put below the registry [A35]', async () => {
    const { url, ran, token } = await serve((server, note, { anonymous }) => {
      server.registerTool('open', { ...anything, ...publicAccess() }, () => text)
      if (anonymous) return
      server.server.setRequestHandler('tools/call', () => {
        note('tools/call')
        return text
      })
      server.server.registerCapabilities({ resources: {} })
      server.server.setRequestHandler('resources/read', () => {
        note('resources/read')
        return { contents: [] }
      })
      server.server.setRequestHandler('acme/secret', { params: z.object({}) }, () => {
        note('acme/secret')
        return {}
      })
      server.server.fallbackRequestHandler = async () => {
        note('fallback')
        return {}
      }
    })
    const options = { token: token('read write'), era }
    const answers = [
      await callTool(url, 'unknown', {}, options),
      await sendRequest(url, 'resources/read', { uri: 'secret://plan' }, options),
      await sendRequest(url, 'acme/secret', {}, options),
      await sendRequest(url, 'acme/other', {}, options),
    ]
    expect(answers.filter(({ body }) => body.error === undefined)).toEqual([])
    expect(ran).toEqual([])
  })

  it('judges resources, templates and prompts by their guards [A35]', async () => {
    const { url, ran, token } = await serve((server, note) => {
      const read = (uri: URL) => {
        note(uri.href)
        return { contents: [] }
      }
      server.registerResource('plan', 'secret://plan', { ...scopes('write') }, read)
      server.registerResource(
        'file',
        new ResourceTemplate('doc://{name}', { list: undefined }),
        { ...scopes('read') },
        read,
      )
      server.registerPrompt('draft', { ...scopes('write') }, () => {
        note('draft')
        return { messages: [] }
      })
    })
    const asReader = { token: token('read'), era }
    expect((await sendRequest(url, 'resources/read', { uri: 'secret://plan' }, asReader)).status).toBe(403)
    expect((await sendRequest(url, 'prompts/get', { name: 'draft' }, asReader)).status).toBe(403)
    expect((await sendRequest(url, 'resources/read', { uri: 'doc://one' }, asReader)).status).toBe(200)
    expect(ran).toEqual(['doc://one'])
    const missing = await sendRequest(url, 'resources/read', { uri: 'other://one' }, asReader)
    expect(missing.body.error?.message).toMatch(/not found/i)
  })

  it('lists a template’s resources only for those who may read them [A35]', async () => {
    const { url, ran, token } = await serve((server, note, { anonymous }) => {
      const listing = (name: string) =>
        new ResourceTemplate(`${name}://{id}`, {
          list: () => {
            note(`list ${name}`)
            return { resources: [{ uri: `${name}://1`, name: '1' }] }
          },
        })
      const read = () => ({ contents: [] })
      server.registerResource('doc', listing('doc'), { ...scopes('read') }, read)
      server.registerResource('secret', listing('secret'), { ...scopes('write') }, read)
      if (!anonymous) server.registerResource('late', listing('late'), {}, read)
    })
    const answer = await sendRequest(url, 'resources/list', {}, { token: token('read'), era })
    expect(answer.body.result?.resources).toEqual([expect.objectContaining({ uri: 'doc://1' })])
    expect(ran).toEqual(['list doc'])
  })

  it('completes only what the caller may use [A35]', async () => {
    const { url, ran, token } = await serve((server, note) => {
      const complete = (value: string) => {
        note(`complete ${value}`)
        return ['alpha']
      }
      const template = new ResourceTemplate('doc://{name}', {
        list: undefined,
        complete: { name: complete },
      })
      server.registerResource('file', template, { ...scopes('read') }, () => ({ contents: [] }))
      const argsSchema = z.object({ topic: completable(z.string(), complete) })
      server.registerPrompt('draft', { argsSchema, ...scopes('write') }, () => ({ messages: [] }))
    })
    const complete = (ref: object, name: string, scope: string) =>
      sendRequest(
        url,
        'completion/complete',
        { ref, argument: { name, value: 'a' } },
        { token: token(scope), era },
      )
    const file = { type: 'ref/resource', uri: 'doc://{name}' }
    const draft = { type: 'ref/prompt', name: 'draft' }
    expect((await complete(file, 'name', 'write')).body.result?.completion).toMatchObject({ values: [] })
    expect((await complete(draft, 'topic', 'read')).body.result?.completion).toMatchObject({ values: [] })
    expect(ran).toEqual([])
    expect((await complete(file, 'name', 'read')).body.result?.completion).toMatchObject({
      values: ['alpha'],
    })
  })

  it('runs a request method of the server’s own for those whom its guard lets in', async () => {
    const { url, token } = await serve(
      (server) => {
        server.server.setRequestHandler('acme/secret', { params: z.object({}) }, () => ({ ran: true }))
      },
      { methods: { 'acme/secret': scopes('write') } },
    )
    const ask = (scope: string) => sendRequest(url, 'acme/secret', {}, { token: token(scope), era })
    expect((await ask('read')).body.error?.message).toContain('needs the scope write')
    expect((await ask('write')).body.result).toMatchObject({ ran: true })
    expect((await sendRequest(url, 'acme/secret', {}, { era })).status).toBe(401)
  })
})

describe('a legacy batch', () => {
  it('does not run what has no guard beside what has one [A36]', async () => {
    const { url, ran, token } = await serve((server, note, { anonymous }) => {
      for (const name of anonymous ? ['open'] : ['open', 'late']) {
        const access = name === 'open' ? publicAccess() : {}
        server.registerTool(name, { ...anything, ...access }, () => {
          note(name)
          return text
        })
      }
    })
    const call = (id: number, name: string) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name, arguments: {} },
    })
    const batch = [call(1, 'open'), call(2, 'late')]
    await sendBatch(url, batch, { authorization: `Bearer ${token('read')}` })
    expect(ran).toEqual(['open'])
  })
})

describe('a notification', () => {
  it('runs no handler that MCP does not know, with or without a token [A35]', async () => {
    const { url, ran, token } = await serve((server, note) => {
      server.server.setNotificationHandler('notifications/acme', { params: z.object({}) }, () => note('acme'))
      server.server.fallbackNotificationHandler = async () => note('fallback')
    })
    const message = { jsonrpc: '2.0', method: 'notifications/acme', params: {} }
    expect((await postMcp(url, message)).status).toBe(401)
    await postMcp(url, message, { authorization: `Bearer ${token('read')}` })
    expect((await sendRequest(url, 'ping', {}, { token: token('read') })).status).toBe(200)
    expect(ran).toEqual([])
  })
})
