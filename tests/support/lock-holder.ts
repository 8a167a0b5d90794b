import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { createProcessLocks } from '../../client/vault/process-locks.ts'

// Takes a lock, says so, and holds it until it is killed.

const { LOCK_FOLDER: folder = '', LOCK_NAME: name = '' } = process.env
process.stdout.write('waiting\n')
await createProcessLocks({ folder })(name, async () => {
  process.stdout.write('locked\n')
  await delay(60_000)
})
