import { isLoopback } from '../../config/index.ts'

/**
 * Whether what an issuer's metadata names may be asked: over https, or over plain http on this machine when the issuer
 * is served so, too. What is no URL may not.
 * @param url as the metadata has it, which may hold anything
 */
export function isSecureUrl(url: unknown, issuer: string): url is string {
  const parsed = typeof url === 'string' ? URL.parse(url) : null
  if (parsed?.protocol === 'https:') return true
  return parsed?.protocol === 'http:' && isLoopback(parsed.href) && issuer.startsWith('http:')
}
