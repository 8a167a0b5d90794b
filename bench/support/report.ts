import { readFileSync } from 'node:fs'
import { cpus, loadavg, totalmem } from 'node:os'
import process from 'node:process'

/** A figure and what it should be. */
export interface Finding {
  readonly what: string
  /** In words, for example `≥ 1.00`; absent when the figure is only told. */
  readonly target?: string
  readonly figure: string
  /** Undefined when it could not be measured, or when there is no target. */
  readonly met?: boolean | undefined
}

/** Renders a Markdown table whose source is as readable as the page. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')
}

/** Renders findings with their verdicts. */
export function renderFindings(findings: readonly Finding[]): string {
  return renderTable(
    ['what', 'target', 'figure', 'verdict'],
    findings.map(({ what, target = '', figure, met }) => [what, target, figure, target && verdict(met)]),
  )
}

/** What stands where a figure should. */
export const notMeasured = 'not measured'

/** What a figure means for its target. */
export function verdict(met: boolean | undefined): string {
  return met === undefined ? notMeasured : met ? 'met' : 'missed'
}

/** A number with that many decimals, or what to say when there is none. */
export function decimal(value: number | undefined, digits: number): string {
  return value === undefined ? notMeasured : value.toFixed(digits)
}

/** The packages whose versions the figures depend on. */
const packages = [
  '@modelcontextprotocol/server',
  '@modelcontextprotocol/node',
  'koa',
  'jose',
  'oauth4webapi',
  'oidc-provider',
  'autocannon',
]

/** When, on what machine and with which versions: figures of another machine cannot be compared. */
export function describeCircumstances(now: Date): string {
  const [cpu] = cpus()
  const versions = packages.map((name) => `${name} ${versionOf(name)}`)
  const load = loadavg().map((average) => average.toFixed(2))
  return [
    `- Date: ${now.toISOString().slice(0, 10)}`,
    `- Machine: ${cpus().length} cores, ${cpu?.model.trim()}, ${(totalmem() / 1e9).toFixed(0)} GB, ${process.platform}`,
    `- Load average at the start, over 1, 5 and 15 minutes: ${load.join(', ')}`,
    `- Node.js ${process.versions.node}, ${versions.join(', ')}`,
  ].join('\n')
}

function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version
}
