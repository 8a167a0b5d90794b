import process from 'node:process'
import { ConfigError, loadConfig } from '../../config/index.ts'
import { UsageError } from '../../runtime/usage-error.ts'
import { loadIntrospectionClient } from '../introspection-client.ts'
import { checkIdp } from './check-idp.ts'
import { renderReport } from './render.ts'

const help = `Usage: ISSUER=https://id.example.com npm run idp:check [-- --json]

Examines an authorization server before anyone logs in: what it offers, what will work with it, and which setting to
change, there or here. It is asked with the settings of npm run mcp and npm run client: the README lists them.
Made-up tokens and a registration that must be refused are all that is sent to it.

  --json   print one JSON document instead (npm run -s idp:check -- --json)

Exit status: 0 when it will work, 1 when something is missing, 2 wrong usage or settings
`

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    process.stdout.write(help)
    return 0
  }
  const unknown = args.find((arg) => arg !== '--json')
  if (unknown !== undefined) throw new UsageError(`${unknown} is no option of this program.`, help)
  const config = loadConfig(process.env, 'idp-check')
  const client = await loadIntrospectionClient(config)
  const report = await checkIdp({ config, env: process.env, client })
  const { issuer, resource, idp } = config
  process.stdout.write(
    args.includes('--json')
      ? `${JSON.stringify({ issuer, resource, profile: idp.profile.name, ...report }, undefined, 2)}\n`
      : renderReport(config, report, process.stdout),
  )
  return report.works ? 0 : 1
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof UsageError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
