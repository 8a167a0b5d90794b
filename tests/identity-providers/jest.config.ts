import type { Config } from 'jest'
import base from '../../jest.config.ts'

/** One identity provider for all files: one after the other. main.ts says which files. */
const config: Config = {
  ...base,
  rootDir: '../..',
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
  testTimeout: 60_000,
}

export default config
