import { stripVTControlCharacters } from 'node:util'

/** C0 and C1 controls except newline and tab, and the characters that reorder text (Unicode UAX #9). */
const unprintable = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu

/**
 * Text from a server, made safe for a terminal: escape sequences, control characters and
 * direction overrides are taken out; newlines and tabs stay.
 */
export function printable(text: string): string {
  return stripVTControlCharacters(text).replace(unprintable, (character) =>
    character === '\n' || character === '\t' ? character : '',
  )
}

/** The same, on one line. */
export function printableLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim()
}
