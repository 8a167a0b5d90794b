import { readFile } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'

describe('package-lock.json', () => {
  it('has what every package is verified by, for every platform, and names no registry', async () => {
    const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8')) as {
      packages: Record<string, { integrity?: string; resolved?: string }>
    }
    const { '': root, ...others } = packages
    expect(root).toBeDefined()
    const unverified = Object.entries(others).filter(([, { integrity }]) => !integrity?.startsWith('sha512-'))
    expect(unverified.map(([name]) => name)).toEqual([])
    expect(Object.keys(others).filter((name) => others[name]?.resolved !== undefined)).toEqual([])
  })
})
