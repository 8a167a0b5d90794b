import type { Tool } from '../tool.ts'
import { adminOperation } from './admin-operation.ts'
import { getUserProfile } from './get-user-profile.ts'
import { listAvailableResources } from './list-available-resources.ts'
import { publicInfo } from './public-info.ts'
import { readData } from './read-data.ts'
import { writeData } from './write-data.ts'

/** Every tool of this server, in the order in which people see them. */
export const tools: readonly Tool[] = [
  publicInfo,
  getUserProfile,
  listAvailableResources,
  readData,
  writeData,
  adminOperation,
]
