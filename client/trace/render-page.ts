import { Html, html } from '../../runtime/html.ts'
import type { Actor, Hop, Message } from './hop.ts'

const actors: readonly Actor[] = ['browser', 'client', 'MCP server', 'authorization server']

const style = `
:root{color-scheme:light dark;--bg:light-dark(#f4f5f7,#111418);--card:light-dark(#fff,#1b2027);--text:light-dark(#1c2430,#e7ebf0);--soft:light-dark(#536072,#a3b0c0);--line:light-dark(#cfd6df,#38424f);--accent:light-dark(#1f5fbf,#7fb2ff);--bad:light-dark(#a81e1e,#ff9c9c);--code:light-dark(#f4f6f9,#14181d);--hover:light-dark(#f3f6fb,#222933)}
*{box-sizing:border-box}
body{margin:0;padding:2rem 1rem;background:var(--bg);color:var(--text);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:68rem;margin:0 auto}
h1{margin:0 0 .25rem;font-size:1.5rem}
.soft{color:var(--soft);font-size:.925rem;margin:.25rem 0}
.mono,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.82rem}
.diagram{margin-top:1.5rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;overflow:hidden}
.lanes{display:grid;grid-template-columns:2.75rem repeat(4,1fr);position:sticky;top:0;z-index:1;background:var(--card);border-bottom:1px solid var(--line);font-weight:600;font-size:.875rem}
.lanes span{padding:.75rem .25rem;text-align:center}
details{border-top:1px solid var(--line)}
details:first-of-type{border-top:0}
summary{display:grid;grid-template-columns:2.75rem repeat(4,1fr);align-items:center;cursor:pointer;list-style:none;position:relative;padding:.55rem 0 .7rem;background-image:linear-gradient(90deg,transparent calc(50% - .5px),var(--line) calc(50% - .5px) calc(50% + .5px),transparent calc(50% + .5px));background-size:calc((100% - 2.75rem)/4) 100%;background-position:2.75rem 0;background-repeat:repeat-x;background-origin:border-box}
summary::-webkit-details-marker{display:none}
summary:hover,summary:hover .label *{background-color:var(--hover)}
summary:focus-visible{outline:3px solid var(--accent);outline-offset:-3px}
.number{grid-row:1/3;grid-column:1;text-align:center;color:var(--soft);font-variant-numeric:tabular-nums}
.label{grid-row:1;padding:0 .25rem;text-align:center;font-size:.9rem;line-height:1.3;z-index:0}
.label b,.label small{background:var(--card);padding:0 .3rem;overflow-wrap:anywhere}
.label small{display:inline-block;color:var(--soft);font-size:.8rem}
.bad .label small{color:var(--bad);font-weight:600}
.arrow{grid-row:2;height:.75rem;margin:.15rem calc(100%/var(--span)/2) 0;position:relative;border-bottom:2px solid var(--accent)}
.arrow::after{content:"";position:absolute;bottom:-.36rem;width:.6rem;height:.6rem;border:solid var(--accent);border-width:2px 2px 0 0}
.right .arrow::after{right:1px;transform:rotate(45deg)}
.left .arrow::after{left:1px;transform:rotate(-135deg)}
.bad .arrow,.bad .arrow::after{border-color:var(--bad)}
.who{display:none}
.more{padding:.25rem 1.25rem 1.25rem 3.75rem}
.more p{margin:.35rem 0}
.halves{display:grid;grid-template-columns:1fr 1fr;gap:1rem;margin-top:.75rem}
.halves>*{min-width:0}
h3{margin:0 0 .35rem;font-size:.875rem;color:var(--soft)}
pre{margin:0;padding:.75rem;background:var(--code);border:1px solid var(--line);border-radius:.4rem;white-space:pre-wrap;overflow-wrap:anywhere}
@media (max-width:44rem){
body{padding:1rem .5rem}
.lanes{display:none}
summary{grid-template-columns:2.25rem 1fr;background-image:none;padding:.6rem .6rem .6rem 0}
.number{grid-row:1/3}
.label{grid-column:2!important;grid-row:1;text-align:left}
.label b,.label small{padding:0}
.arrow{display:none}
.who{display:block;grid-column:2;grid-row:2;padding:0 .25rem;color:var(--soft);font-size:.82rem}
.more{padding:.25rem .75rem 1rem}
.halves{grid-template-columns:1fr}}
@media print{.lanes{position:static}details{break-inside:avoid}}
`

/** What stands above the diagram. */
export interface TraceSummary {
  /** The MCP server's URL. */
  readonly resource: string
  readonly madeAt: Date
}

/**
 * A trace as one page that needs nothing else: no script, no request, nothing secret. Fit to be attached to a bug report.
 */
export function renderTracePage(hops: readonly Hop[], { resource, madeAt }: TraceSummary): string {
  const failed = hops.filter(({ ok }) => !ok).length
  const count = `${hops.length} ${hops.length === 1 ? 'hop' : 'hops'}${failed > 0 ? `, ${failed} without success` : ''}`
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="referrer" content="no-referrer">
<title>OAuth trace of ${resource}</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<main>
<h1>OAuth trace</h1>
<p class="soft"><span class="mono">${resource}</span></p>
<p class="soft">${madeAt.toISOString().slice(0, 19).replace('T', ' ')} UTC, ${count}. Choose a hop to read its request and its response. Secrets were taken out when this was recorded: ‹name mark, length› stands for one, and the same mark for the same one.</p>
<div class="diagram">
<div class="lanes" aria-hidden="true"><span></span>${actors.map((actor) => html`<span>${actor}</span>`)}</div>
${hops.map(renderRow)}</div>
</main>
</body>
</html>
`.text
}

function renderRow(hop: Hop): Html {
  const [from, to] = [actors.indexOf(hop.from), actors.indexOf(hop.to)]
  const [first, last] = from < to ? [from, to] : [to, from]
  const span = last - first + 1
  const columns = `grid-column:${first + 2}/${last + 3};--span:${span}`
  const time = hop.durationMs === undefined ? '' : ` · ${Math.round(hop.durationMs)} ms`
  return html`<details>
<summary class="${from < to ? 'right' : 'left'}${hop.ok ? '' : ' bad'}">
<span class="number">${hop.number}</span>
<span class="label" style="${columns}"><b>${hop.title}</b><br><small>${hop.outcome}${time}</small></span>
<span class="arrow" style="${columns}" aria-hidden="true"></span>
<span class="who">${hop.from} → ${hop.to}</span>
</summary>
<div class="more">
<p>To ${hop.purpose}.</p>
<p class="soft">${hop.standard}</p>
<div class="halves">
${renderMessage('Request', hop.request)}
${hop.response && renderMessage('Response', hop.response)}
</div>
</div>
</details>
`
}

function renderMessage(name: string, { line, headers, body }: Message): Html {
  const head = [line, ...headers.map(([header, value]) => `${header}: ${value}`)].join('\n')
  return html`<div><h3>${name}</h3><pre>${body === undefined ? head : `${head}\n\n${body}`}</pre></div>`
}
