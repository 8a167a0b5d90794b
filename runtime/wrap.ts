/** How many characters fit on a line: of a terminal its columns, at least 60; in a pipe any number. */
export function widthOf({ isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number {
  return isTTY ? Math.max(60, columns || 80) : Number.POSITIVE_INFINITY
}

/**
 * Lines of at most that many characters, broken at blanks; a longer word has a line of its own.
 * @param width Infinity leaves the text as it is
 */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

/**
 * Names and texts in two columns; what does not fit into the width goes on below its beginning.
 * @param width of a line; see {@link widthOf}
 */
export function twoColumns(
  rows: readonly (readonly [name: string, text: string])[],
  width: number,
  indent = '  ',
): string {
  const nameWidth = Math.max(...rows.map(([name]) => name.length))
  const from = indent.length + nameWidth + 2
  return rows
    .map(([name, text]) => {
      const lines = wrap(text, width - from).join(`\n${' '.repeat(from)}`)
      return `${indent}${name.padEnd(nameWidth)}  ${lines}`.trimEnd()
    })
    .join('\n')
}
