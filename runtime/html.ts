import { createHash } from 'node:crypto'

/** Markup that is already safe to send. Only `html` makes it. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Value = Html | string | number | undefined | false | null | readonly Value[]

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escapeHtml(value: Value): string {
  if (value instanceof Html) return value.text
  if (Array.isArray(value)) return value.map(escapeHtml).join('')
  if (value === undefined || value === null || value === false) return ''
  return String(value).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** A template tag: what is put in is escaped, unless it is `Html` itself. Works in text and in quoted attributes. */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(strings.map((text, index) => text + escapeHtml(values[index])).join(''))
}

const style = `
:root{color-scheme:light dark;--bg:light-dark(#f4f5f7,#111418);--card:light-dark(#fff,#1b2027);--text:light-dark(#1c2430,#e7ebf0);--soft:light-dark(#536072,#a3b0c0);--line:light-dark(#cfd6df,#38424f);--field:light-dark(#8491a3,#7b899b);--accent:light-dark(#1f5fbf,#7fb2ff);--on-accent:light-dark(#fff,#0c1420);--warn:light-dark(#8a4b00,#ffc078);--warn-bg:light-dark(#fff4e0,#33260f);--good:light-dark(#1c6b34,#8fdba6);--good-bg:light-dark(#e6f5ea,#14301d);--bad:light-dark(#a81e1e,#ff9c9c);--bad-bg:light-dark(#fdecec,#381a1a)}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;padding:2rem 1rem;background:var(--bg);color:var(--text);font:1rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif}
main{max-width:27rem;margin:0 auto;padding:1.75rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem}
main.wide{max-width:48rem}
h1{margin:0 0 .75rem;font-size:1.4rem;line-height:1.25}
h2{margin:1.75rem 0 .5rem;font-size:1.05rem}
p{margin:.5rem 0}
a{color:var(--accent)}
code,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.9em;overflow-wrap:anywhere}
.soft{color:var(--soft);font-size:.925rem}
.brand{margin:0 0 1.25rem;color:var(--soft);font-size:.85rem;letter-spacing:.04em}
label{display:block;margin:1rem 0 .3rem;font-weight:600}
input[type=text],input[type=password]{width:100%;padding:.6rem .7rem;font:inherit;color:inherit;background:transparent;border:1px solid var(--field);border-radius:.4rem}
.choices{margin:1.25rem 0 .5rem;padding:0;border:0}
legend{padding:0 0 .4rem;font-size:1.05rem;font-weight:600}
.choices label{display:flex;gap:.75rem;margin:0;padding:.7rem 0;font-weight:400;border-top:1px solid var(--line);cursor:pointer}
input[type=checkbox]{flex:none;width:1.25rem;height:1.25rem;margin:.15rem 0 0;accent-color:var(--accent)}
button{padding:.65rem 1.1rem;font:inherit;font-weight:600;border-radius:.4rem;border:1px solid var(--accent);background:var(--accent);color:var(--on-accent);cursor:pointer}
button.quiet{background:transparent;color:var(--accent)}
button:hover{filter:brightness(1.08)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
p.code{margin:1rem 0;font:600 1.9rem/1.3 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;letter-spacing:.08em;text-align:center}
input.code{font:1.25rem/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;letter-spacing:.08em;text-transform:uppercase}
.actions{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}
.actions button{flex:1 1 auto}
.error,.warning,.done{padding:.6rem .8rem;border-radius:.4rem;border-left:.25rem solid}
.error{background:var(--bad-bg);color:var(--bad);border-color:var(--bad)}
.done{background:var(--good-bg);color:var(--good);border-color:var(--good)}
.warning{background:var(--warn-bg);color:var(--warn);border-color:var(--warn)}
dl{margin:1rem 0;display:grid;grid-template-columns:auto 1fr;gap:.35rem 1rem}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
ul.plain{list-style:none;margin:.5rem 0;padding:0}
ul.plain li{padding:.6rem 0;border-top:1px solid var(--line)}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse}
th,td{padding:.45rem .75rem .45rem 0;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
td code{overflow-wrap:normal;white-space:nowrap}
thead th{border-top:0;color:var(--soft);font-weight:600;font-size:.875rem}
.tag.unsure{color:var(--warn);border-color:var(--warn)}
.tag{display:inline-block;padding:0 .5rem;border:1px solid var(--line);border-radius:1rem;font-size:.85rem;white-space:nowrap}
ul.applications{list-style:none;margin:1rem 0 0;padding:0}
ul.applications>li{display:grid;grid-template-columns:1fr auto;gap:0 1.5rem;padding:1.25rem 0;border-top:1px solid var(--line)}
ul.applications h2{margin:0;overflow-wrap:anywhere}
ul.applications dl{margin:.6rem 0 0}
ul.applications form{grid-column:2;grid-row:1/span 3}
.after{margin-top:1.25rem}
@media (max-width:30rem){body{padding:0}main{border:0;border-radius:0;min-height:100vh;padding:1.5rem 1.1rem}dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.6rem}ul.applications>li{display:block}}
`

/** The one style that the Content-Security-Policy admits (CSP 3 §2.3.1 hash source). */
export const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`

/**
 * A whole page, without script.
 * @param title the page's title, plain text
 * @param wide for pages that hold tables rather than a form
 */
export function page({ title, body, wide = false }: { title: string; body: Html; wide?: boolean }): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · Gatehouse</title>
<link rel="icon" href="data:,">
<style>${new Html(style)}</style>
</head>
<body>
<main${wide && new Html(' class="wide"')}>
${body}
</main>
</body>
</html>
`.text
}
