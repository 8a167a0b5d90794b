import type { Config } from 'jest'
import base from '../../jest.config.ts'

/** One identity provider for all files: one after the other. main.ts says which files. */
const config: Config = {
  ...base,
  rootDir: '../..',
  testPathIgnorePatterns: ['/node_modules/'],
  maxWorkers: 1,
}

export default config
