import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The port or address cannot be listened on. The message is one line that names what to change. */
export class ListenError extends Error {
  override readonly name = 'ListenError'
}

const reasons: Record<
  string,
  (host: string, port: number, variable: string, hostVariable: string) => string
> = {
  EADDRINUSE: (_, port, variable) =>
    `Port ${port} is taken: stop what uses it, or choose another with ${variable}.`,
  EACCES: (_, port, variable) =>
    `Port ${port} is not open to this user: choose one from 1024 up with ${variable}.`,
  EADDRNOTAVAIL: (host, _, __, hostVariable) =>
    `${host} is not an address of this machine: correct ${hostVariable}.`,
  ENOTFOUND: (host, _, __, hostVariable) => `${host} cannot be resolved: correct ${hostVariable}.`,
}

/**
 * Listens, and resolves when connections are accepted.
 * @param variable names the setting that the port comes from, for the message. Default PORT
 * @param hostVariable names the setting that the host comes from. Default HOST
 * @returns the port, which differs from `port` only when that is 0
 * @throws ListenError when the address cannot be used
 */
export async function listen(
  server: Server,
  options: { host: string; port: number; variable?: string; hostVariable?: string },
): Promise<number> {
  const { host, port, variable = 'PORT', hostVariable = 'HOST' } = options
  const listening = Promise.withResolvers<void>()
  server.once('error', listening.reject)
  server.listen({ host, port }, listening.resolve)
  try {
    await listening.promise
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    const message =
      reasons[code]?.(host, port, variable, hostVariable) ?? `Cannot listen on ${host}:${port} (${code}).`
    throw new ListenError(message, { cause })
  }
  server.off('error', listening.reject)
  return (server.address() as AddressInfo).port
}
