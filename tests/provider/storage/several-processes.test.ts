import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { describeWithStorages, unique } from '../../support/storages.ts'

const script = new URL('../../support/one-time-user.ts', import.meta.url)

describeWithStorages(
  'of four processes that start at once, with 25 tries each,',
  ({ url }) => {
    let processes: ChildProcess[]
    beforeAll(async () => {
      processes = Array.from({ length: 4 }, () => fork(script, [url()], { execArgv: [] }))
      await Promise.all(processes.map((child) => once(child, 'message')))
    })
    afterAll(async () => {
      const ended = processes.map((child) => once(child, 'exit'))
      for (const child of processes) child.disconnect()
      await Promise.all(ended)
    })

    async function winners(model: string): Promise<number> {
      const id = unique()
      const answers = processes.map((child) => once(child, 'message'))
      for (const child of processes) child.send({ model, id })
      const counts = await Promise.all(answers)
      return counts.reduce((sum, [count]) => sum + Number(count), 0)
    }

    it.each([
      'AuthorizationCode',
      'RefreshToken',
      'PushedAuthorizationRequest',
      'DeviceCode',
      'ReplayDetection',
    ])('one may use a %s (attacks 0a, 17, 18, 23)', async (model) => {
      for (let round = 0; round < 3; round += 1) expect(await winners(model)).toBe(1)
    })

    it('as many pass a limit as it says (attack 27)', async () => {
      expect(await winners('limit')).toBe(10)
    })
  },
  ['sqlite', 'redis', 'postgres'],
)
