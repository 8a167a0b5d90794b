// Loaded before everything else (node -r): CommonJS and old syntax, so that any Node can read it.
'use strict'

var wanted = [24, 7]
var found = process.versions.node.split('.').map(Number)

if (found[0] < wanted[0] || (found[0] === wanted[0] && found[1] < wanted[1])) {
  process.stderr.write(
    'Gatehouse needs Node.js ' +
      wanted.join('.') +
      ' or newer and this is ' +
      process.versions.node +
      ': run it through npm (npm run …) after a plain `npm ci`, which brings its own Node.js.\n',
  )
  process.exit(1)
}

// Stripped and compiled sources are kept beside the packages, which are as trusted as they are: starts are
// twice as fast and the type stripper is not loaded. Where nothing can be written, nothing is kept.
require('node:module').enableCompileCache(
  require('node:path').join(__dirname, '../node_modules/.cache/compiled'),
)
