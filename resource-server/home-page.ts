import { type Config, isLoopback, testAccounts } from '../config/index.ts'
import { type Html, html, page } from '../runtime/html.ts'
import type { Access } from './access.ts'

/** What the home page shows of a tool. */
export interface ToolSummary {
  readonly name: string
  readonly title: string
  readonly access: Access
}

/** The page at `/`, for a person who opens this server in a browser. */
export function homePage(
  config: Pick<Config, 'resource' | 'issuer' | 'development' | 'accountsFile'>,
  { metadataUrl, tools }: { readonly metadataUrl: string; readonly tools: readonly ToolSummary[] },
): string {
  const { resource, issuer, development, accountsFile } = config
  const body = html`
<p class="brand">Gatehouse</p>
<h1>An MCP server behind a gate</h1>
<p>MCP clients connect to <code>${resource}</code>. Anyone may list the tools and call the public ones; the others need an access token from <a href="${issuer}">${issuer}</a>.</p>
<h2>Tools</h2>
<ul class="plain">
${tools.map(({ name, title, access }) => html`<li><code>${name}</code> <span class="tag">${needs(access)}</span><br><span class="soft">${title}</span></li>`)}
</ul>
<h2>Endpoints</h2>
<dl>
<dt>MCP</dt><dd><code>POST ${resource}</code></dd>
<dt>Metadata</dt><dd><a href="${metadataUrl}"><code>${metadataUrl}</code></a> <span class="soft">RFC 9728</span></dd>
</dl>
<h2>Try it</h2>
<p><code>npm run client</code> signs you in and lists the tools.</p>
${development && isLoopback(issuer) && accountsFile === undefined && accounts()}`
  return page({ title: 'MCP server', body })
}

/** The bundled provider's; another issuer on this machine may have others. */
function accounts(): Html {
  return html`<p class="soft">In development the bundled provider knows ${testAccounts.map(
    ({ username, password }, index) =>
      html`${index > 0 && ', '}<code>${username}</code> / <code>${password}</code>`,
  )}.</p>`
}

function needs(access: Access): string {
  if (access === 'public') return 'needs nothing'
  return access.scopes.length > 0 ? `needs ${access.scopes.join(' ')}` : 'needs any valid token'
}
