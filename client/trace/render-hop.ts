import { printable, printableLine } from '../../runtime/printable.ts'
import type { Hop } from './hop.ts'

/** The answer's headers that say what to do next. */
const tellingHeaders: ReadonlySet<string> = new Set([
  'www-authenticate',
  'location',
  'retry-after',
  'dpop-nonce',
])

/** The longest line of a detail, in characters. */
const maxDetail = 160

/** One hop for the terminal, on a few lines. */
export function renderHop(hop: Hop): string {
  const number = String(hop.number).padStart(2)
  const time = hop.durationMs === undefined ? '' : `, ${Math.round(hop.durationMs)} ms`
  const details = [
    hop.request.line,
    ...(hop.response?.headers ?? [])
      .filter(([name]) => tellingHeaders.has(name))
      .map(([name, value]) => `${name}: ${value}`),
  ]
  return [
    `${number}  ${hop.from} → ${hop.to}  ${printableLine(hop.title)}  [${hop.standard}]`,
    `    to ${hop.purpose}`,
    ...details.map((detail) => `      ${shortened(printableLine(detail))}`),
    `    ${hop.ok ? '✓' : '✗'} ${printable(hop.outcome)}${time}`,
  ].join('\n')
}

/** The same on one line. */
export function renderHopLine({ number, title, request, outcome, durationMs }: Hop): string {
  const time = durationMs === undefined ? '' : `, ${Math.round(durationMs)} ms`
  return shortened(
    `${String(number).padStart(2)}  ${printableLine(`${title}  ${request.line}  ${outcome}${time}`)}`,
  )
}

function shortened(text: string): string {
  return text.length > maxDetail ? `${text.slice(0, maxDetail)}…` : text
}
