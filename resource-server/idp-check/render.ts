import { styleText } from 'node:util'
import { type Config, describeProfile } from '../../config/index.ts'
import { printableLine } from '../../runtime/printable.ts'
import { widthOf, wrap } from '../../runtime/wrap.ts'
import type { Ability } from './abilities.ts'
import type { Report } from './check-idp.ts'
import type { Finding, Level } from './finding.ts'

type Style = Parameters<typeof styleText>[0]

/** The part of standard output that is needed. */
export type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> & NodeJS.WritableStream

const styles: Readonly<Record<string, Style>> = {
  ok: 'green',
  yes: 'green',
  note: 'cyan',
  perhaps: 'yellow',
  warning: 'yellow',
  missing: ['red', 'bold'],
  no: 'dim',
}

/** The width of the first two columns. */
const wordWidth = 7
const aboutWidth = 13
const indent = 2 + wordWidth + 2 + aboutWidth + 2

/**
 * The report for people: in colour and within the terminal's width, or in a pipe plain and one line for each thing.
 * @param terminal where it will be written
 */
export function renderReport(
  { issuer, idp: { profile }, resource }: Pick<Config, 'issuer' | 'idp' | 'resource'>,
  { findings, abilities, validation, works }: Report,
  terminal: Terminal,
): string {
  const paint = (style: Style, text: string) => styleText(style, text, { stream: terminal })
  const width = widthOf(terminal)
  const text = (from: number, words: string, style?: Style) =>
    wrap(printableLine(words), width - from)
      .map((line) => (style ? paint(style, line) : line))
      .join(`\n${' '.repeat(from)}`)
  const row = (word: string, about: string, words: string) =>
    `  ${paint(styles[word] ?? 'dim', word.padEnd(wordWidth))}  ${about.padEnd(aboutWidth)}  ${text(indent, words)}`

  return [
    paint('bold', printableLine(issuer)),
    paint('dim', `profile ${describeProfile(profile)}`),
    paint('dim', `for the MCP server ${printableLine(resource)}`),
    '',
    ...findings.flatMap(({ level, about, found, change }) => [
      row(level, about, found),
      ...(change ? [`${' '.repeat(indent)}${text(indent, `→ ${change}`, changeStyle(level))}`] : []),
    ]),
    ...(abilities.length > 0 ? ['', paint('bold', 'What will work')] : []),
    ...abilities.map(({ name, works: yes, why }) => row(wordFor(yes), name, why)),
    ...(validation ? [row('', 'tokens by', `${validation.mode}: ${validation.reason}`)] : []),
    '',
    verdict(findings, works, paint),
    '',
  ].join('\n')
}

function changeStyle(level: Level): Style {
  return level === 'missing' ? 'bold' : level === 'warning' ? 'yellow' : 'dim'
}

function wordFor(works: Ability['works']): string {
  return works === 'perhaps' ? 'perhaps' : works ? 'yes' : 'no'
}

function verdict(
  findings: readonly Finding[],
  works: boolean,
  paint: (style: Style, text: string) => string,
): string {
  const count = (level: Level) => findings.filter((finding) => finding.level === level).length
  if (!works) {
    const things = count('missing') === 1 ? 'One thing has' : `${count('missing')} things have`
    return paint(['red', 'bold'], `It will not work yet: ${things} to be changed.`)
  }
  const doubts = count('warning')
  const more = doubts === 0 ? '' : ` Look at the warning${doubts === 1 ? '' : 's'} if it does not.`
  return paint(['green', 'bold'], `It will work.${more}`)
}
