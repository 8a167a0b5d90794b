import type { Config } from 'jest'

/** Node runs the TypeScript itself, so Jest transforms nothing. */
const config: Config = {
  testEnvironment: 'node',
  globalSetup: '<rootDir>/tests/support/install-browser.ts',
  testMatch: ['<rootDir>/tests/**/*.test.ts'],
  // Folders in it need real identity providers, such as `npm run test:idp` starts; its files have stand-ins.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/tests/identity-providers/[^/]+/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {},
  // A machine that does something else meanwhile takes several times as long.
  testTimeout: 60_000,
  // They wait more than they compute.
  maxWorkers: '100%',
  // Modules of each file stay in memory: a worker that has grown takes longer to end than Jest waits for it.
  workerIdleMemoryLimit: '700MB',
  coverageProvider: 'v8',
  collectCoverageFrom: ['{config,provider,resource-server,client,runtime,demo,keycloak}/**/*.ts'],
}

export default config
