import { createServer } from 'node:http'
import process from 'node:process'
import { listen } from '../../runtime/listen.ts'
import { stopOnSignal } from '../../runtime/shutdown.ts'

/** A server whose answers wait until standard input ends, and that tells on standard output what happens to it. */
const say = (text: string) => process.stdout.write(`${text}\n`)

const server = createServer((_, response) => {
  say('asked')
  process.stdin.resume().once('end', () => response.end('answered'))
})
stopOnSignal(server, {
  begin: () => say('begin'),
  end: async () => {
    say('end')
  },
})
say(`port ${await listen(server, { host: '127.0.0.1', port: 0 })}`)
