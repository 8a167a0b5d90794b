// Loaded before the servers (node -r). A signal that comes while one of them starts ends it at once: nothing is in
// flight yet. As process 1 of a container it would ignore the signal until its own handler is there
// (runtime/shutdown.ts, which removes these). A command such as --rotate-keys is not a server: it dies of its signal.
'use strict'

if (process.argv.length === 2 || process.argv[2] === '--stdio') {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(0))
}
