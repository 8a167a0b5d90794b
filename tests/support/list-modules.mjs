import { registerHooks } from 'node:module'
import process from 'node:process'

// Loaded before a program (node --import): names each module that the program loads, on standard error.
registerHooks({
  load(url, context, nextLoad) {
    process.stderr.write(`loads ${url}\n`)
    return nextLoad(url, context)
  },
})
