/** The fields that are lists of strings, by how RFC 8414 §2 and its registry name them; the others are booleans. */
const listNames = /(^scopes|_(methods|types|modes|values|profiles))_supported$/

/**
 * The metadata of an authorization server without what should be a list of strings and is none. Such a value says
 * nothing: a word would "include" each of its parts.
 */
export function withoutFalseLists<Metadata extends object>(metadata: Metadata): Metadata {
  const isList = (value: unknown) => Array.isArray(value) && value.every((item) => typeof item === 'string')
  const kept = Object.entries(metadata).filter(([name, value]) => !listNames.test(name) || isList(value))
  return Object.fromEntries(kept) as Metadata
}
