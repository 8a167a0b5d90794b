import { html, page } from '../runtime/html.ts'
import type { Access } from './access.ts'

/** What the home page shows of a tool. */
export interface ToolSummary {
  readonly name: string
  readonly title: string
  readonly access: Access
}

/** The page at `/`, for a person who opens this server in a browser. */
export function homePage(options: {
  readonly resource: string
  readonly issuer: string
  readonly metadataUrl: string
  readonly tools: readonly ToolSummary[]
}): string {
  const { resource, issuer, metadataUrl, tools } = options
  const body = html`
<p class="brand">Gatehouse</p>
<h1>An MCP server behind a gate</h1>
<p>MCP clients connect to <code>${resource}</code>. Anyone may list the tools and call the public ones; the others need an access token from <a href="${issuer}">${issuer}</a>.</p>
<h2>Tools</h2>
<div class="scroll" role="region" aria-label="Tools" tabindex="0">
<table>
<thead><tr><th scope="col">Tool</th><th scope="col">What it does</th><th scope="col">Needs</th></tr></thead>
<tbody>
${tools.map(({ name, title, access }) => html`<tr><td><code>${name}</code></td><td>${title}</td><td><span class="tag">${needs(access)}</span></td></tr>`)}
</tbody>
</table>
</div>
<h2>Endpoints</h2>
<dl>
<dt>MCP</dt><dd><code>POST ${resource}</code></dd>
<dt>Metadata</dt><dd><a href="${metadataUrl}"><code>${metadataUrl}</code></a> <span class="soft">RFC 9728</span></dd>
</dl>
<h2>Try it</h2>
<p><code>npm run client</code> signs you in and lists the tools.</p>`
  return page({ title: 'MCP server', body, wide: true })
}

function needs(access: Access): string {
  if (access === 'public') return 'nothing'
  return access.scopes.length > 0 ? `scope ${access.scopes.join(' ')}` : 'any valid token'
}
