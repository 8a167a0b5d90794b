const [esc, bell] = ['\u001b', '\u0007']

/**
 * Escape sequences (ECMA-48 §5.4, §5.6): a control sequence, a control string such as a window's title, or another.
 * Their parts are bounded, so that no text takes longer than its length; of what is longer the controls go.
 */
const escapeSequence = new RegExp(
  [
    `${esc}\\[[0-?]{0,64}[ -/]{0,8}[@-~]`,
    `${esc}[\\]PX^_][^${bell}${esc}]{0,256}(?:${bell}|${esc}\\\\)`,
    `${esc}[ -/]{0,8}[0-~]`,
  ].join('|'),
  'g',
)

/** C0 and C1 controls except newline and tab, and the characters that reorder text (Unicode UAX #9). */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/**
 * Text from a server, made safe for a terminal: escape sequences, control characters and
 * direction overrides are taken out; newlines and tabs stay.
 */
export function printable(text: string): string {
  return text
    .replace(escapeSequence, '')
    .replace(unprintable, (character) => (character === '\n' || character === '\t' ? character : ''))
}

/** The same, on one line. */
export function printableLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim()
}
