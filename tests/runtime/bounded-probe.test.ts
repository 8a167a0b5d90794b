import { expect, it } from '@jest/globals'
import { boundedProbe } from '../../runtime/bounded-probe.ts'

it('runs a probe once for all who ask at about the same time, however often they ask', async () => {
  let ran = 0
  const probe = boundedProbe(async () => {
    ran += 1
  }, 50)
  await probe()
  await Promise.all(Array.from({ length: 100 }, () => probe()))
  expect(ran).toBe(2)
})

it('answers with a probe that began after the call, never with an older answer', async () => {
  let broken = false
  const probe = boundedProbe(async () => {
    if (broken) throw new Error('broken')
  }, 50)
  await probe()
  broken = true
  await expect(probe()).rejects.toThrow('broken')
  broken = false
  await expect(probe()).resolves.toBeUndefined()
})
