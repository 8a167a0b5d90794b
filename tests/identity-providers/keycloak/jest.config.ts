import type { Config } from 'jest'
import base from '../../../jest.config.ts'

/** One Keycloak for all files: one after the other. */
const config: Config = {
  ...base,
  rootDir: '../../..',
  testMatch: ['<rootDir>/tests/identity-providers/keycloak/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  testTimeout: 60_000,
}

export default config
