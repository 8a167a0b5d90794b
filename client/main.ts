import { enableCompileCache } from 'node:module'
import process from 'node:process'
import { fileURLToPath } from 'node:url'

// What is loaded after this is stripped and compiled once, and kept beside the packages, which are as trusted as it is.
const cache = new URL('../node_modules/.cache/compiled', import.meta.url)
enableCompileCache(fileURLToPath(cache))
// The keychain is asked by a process of its own, which finds its sources there as well.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(cache)

// A command uses each schema once or twice: that is no reason to compile it.
const { config } = await import('zod')
config({ jitless: true })

const { runProgram } = await import('./program.ts')
process.exitCode = await runProgram(process)
