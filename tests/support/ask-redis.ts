import { createClient } from '@redis/client'

/** Sends a Redis of the tests one command, as its operator would. */
export async function askRedis(url: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {})
  await client.connect()
  try {
    return await client.sendCommand(command)
  } finally {
    client.destroy()
  }
}
