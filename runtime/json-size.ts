/** How large a JSON text may be, beyond its bytes. */
export interface JsonLimits {
  /** The deepest nesting of objects and arrays. */
  readonly maxDepth: number
  /** The keys of all objects together. Distinct keys are what costs a schema validator most. */
  readonly maxKeys: number
  /** The keys and array elements of the whole text together. */
  readonly maxValues: number
}

/** Counts what a JSON text consists of, chunk by chunk, without parsing it. */
export interface JsonSize {
  /** @returns what there is too much of, as words for the client; undefined while all bounds hold */
  add(chunk: Uint8Array): string | undefined
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const openBracket = 0x5b
const backslash = 0x5c
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/**
 * Makes a counter for one text. It looks at bytes alone: strings are skipped, and whether the text is JSON at all is
 * for the parser to say. It costs a small part of what parsing and validating the text costs, and stops at a bound.
 */
export function createJsonSize({ maxDepth, maxKeys, maxValues }: JsonLimits): JsonSize {
  let inString = false
  let escaped = false
  let depth = 0
  let keys = 0
  let values = 0

  /** @returns where the string that goes on at `from` ends, or the length of the chunk */
  function endOfString(chunk: Uint8Array, from: number): number {
    const { length } = chunk
    let index = from
    if (escaped) {
      escaped = false
      index += 1
    }
    for (; index < length; index += 1) {
      const byte = chunk[index]
      if (byte === quote) return index
      if (byte === backslash) index += 1
    }
    escaped = index > length
    return length
  }

  return {
    add(chunk) {
      const { length } = chunk
      for (let index = 0; index < length; index += 1) {
        if (inString) {
          index = endOfString(chunk, index)
          if (index === length) break
          inString = false
          continue
        }
        switch (chunk[index]) {
          case quote:
            inString = true
            break
          case colon:
            keys += 1
            if (keys > maxKeys) return `${maxKeys} keys`
            break
          // The first element of an array or object has no comma before it.
          case openBrace:
          case openBracket:
            depth += 1
            if (depth > maxDepth) return `${maxDepth} levels of nesting`
            values += 1
            break
          case comma:
            values += 1
            if (values > maxValues) return `${maxValues} keys and array elements`
            break
          case closeBrace:
          case closeBracket:
            depth -= 1
        }
      }
      return values > maxValues ? `${maxValues} keys and array elements` : undefined
    },
  }
}
