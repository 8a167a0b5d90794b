import { copyFile, cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** Where Debian's package puts the program, and what it needs. */
export const program = '/usr/bin/glewlwyd'
const modules = '/usr/lib/glewlwyd'
const pages = '/usr/share/glewlwyd/webapp'
const pagesSettings = '/usr/share/glewlwyd/templates/config.json'
const schema = '/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3'

/** Makes a database with the administrator `admin` / `password`, and a configuration file for it. */
export async function writeServerFiles(folder: string, port: number): Promise<string> {
  const database = join(folder, 'glewlwyd.db')
  const connection = new DatabaseSync(database)
  connection.exec(await readFile(schema, 'utf8'))
  connection.close()
  // Of the package's own pages, config.json is a link to a folder, and without it they stay empty.
  const webapp = join(folder, 'webapp')
  const settings = join(webapp, 'config.json')
  await cp(pages, webapp, {
    recursive: true,
    dereference: true,
    filter: (source) => source !== join(pages, 'config.json'),
  })
  await copyFile(pagesSettings, settings)
  const config = join(folder, 'glewlwyd.conf')
  await writeFile(config, configuration({ port, database, webapp }))
  return config
}

function configuration({
  port,
  database,
  webapp,
}: {
  readonly port: number
  readonly database: string
  readonly webapp: string
}): string {
  const types = { html: 'text/html', css: 'text/css', js: 'application/javascript', json: 'application/json' }
  const mimeTypes = Object.entries(types).map(
    ([extension, type]) => `{ extension = ".${extension}"; mime_type = "${type}"; }`,
  )
  return `port=${port}
bind_address="127.0.0.1"
external_url="http://localhost:${port}"
login_url="login.html"
api_prefix="api"
static_files_path="${webapp}/"
static_files_mime_types = (${mimeTypes.join(', ')})
log_mode="console"
log_level="WARNING"
cookie_secure=0
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="${modules}/user"
client_module_path="${modules}/client"
user_auth_scheme_module_path="${modules}/scheme"
plugin_module_path="${modules}/plugin"
hash_algorithm="SHA512"
database = { type = "sqlite3"; path = "${database}"; };
`
}
