/**
 * Takes scopes out of an introspection answer (RFC 7662 §2.2). When none is left, it has no `scope`.
 * @param answer of a token that is active
 */
export function withoutScopes(
  answer: Readonly<Record<string, unknown>>,
  lost: readonly string[],
): Readonly<Record<string, unknown>> {
  const scope = String(answer.scope ?? '')
    .split(' ')
    .filter((name) => !lost.includes(name))
    .join(' ')
  return { ...answer, scope: scope === '' ? undefined : scope }
}
