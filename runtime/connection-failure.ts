/** Why a server gave no HTTP answer, and what to change about it. */
export interface ConnectionFailure {
  /** The code of Node.js, undici or OpenSSL, such as `ECONNREFUSED`. */
  readonly code: string
  /** A few words, such as `connection refused`. */
  readonly reason: string
  /** What to change, and where. */
  readonly remedy: string
  /** True when the server answered, but its certificate is not to be trusted. */
  readonly untrusted: boolean
}

interface Rule {
  readonly codes: readonly string[]
  readonly reason: string
  /** `{url}`, `{host}` and `{setting}` stand for their values. */
  readonly remedy: string
  readonly untrusted?: true
}

const rules: readonly Rule[] = [
  {
    codes: ['ECONNREFUSED'],
    reason: 'connection refused',
    remedy: 'nothing listens at {host}: start it there, or correct {setting}',
  },
  {
    codes: ['ENOTFOUND'],
    reason: 'no such host',
    remedy: 'correct the host name in {setting}, or have this machine’s DNS know it',
  },
  {
    codes: ['EAI_AGAIN'],
    reason: 'the name cannot be resolved now',
    remedy: 'look at this machine’s DNS and network',
  },
  {
    codes: ['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'TimeoutError'],
    reason: 'timed out',
    remedy:
      'correct {setting}, or let this machine through to {host}: firewall, or NODE_USE_ENV_PROXY=1 with HTTPS_PROXY',
  },
  {
    codes: ['EHOSTUNREACH', 'ENETUNREACH'],
    reason: 'no way there',
    remedy: 'look at this machine’s network, or correct {setting}',
  },
  {
    codes: ['ECONNRESET', 'UND_ERR_SOCKET', 'EPIPE'],
    reason: 'connection closed',
    remedy: 'see whether {host} speaks http or https, and correct {setting}',
  },
  {
    codes: ['DEPTH_ZERO_SELF_SIGNED_CERT'],
    reason: 'its certificate is signed by itself',
    remedy:
      'set NODE_EXTRA_CA_CERTS to a file with that certificate (PEM), or give {host} one of a known authority',
    untrusted: true,
  },
  {
    codes: [
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_GET_ISSUER_CERT',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    ],
    reason: 'its certificate is of an authority that this machine does not know',
    remedy:
      'set NODE_EXTRA_CA_CERTS to a file with that authority’s certificate (PEM); of a public authority, have {host} send the intermediate certificates too',
    untrusted: true,
  },
  {
    codes: ['CERT_HAS_EXPIRED'],
    reason: 'its certificate has expired',
    remedy: 'renew it at {host}; if it has not expired, set this machine’s clock',
    untrusted: true,
  },
  {
    codes: ['CERT_NOT_YET_VALID'],
    reason: 'its certificate is not valid yet',
    remedy: 'set this machine’s clock; if it is right, replace the certificate at {host}',
    untrusted: true,
  },
  {
    codes: ['ERR_TLS_CERT_ALTNAME_INVALID'],
    reason: 'its certificate is for another host name',
    remedy: 'write {setting} with a name that the certificate has, or give {host} a certificate for its name',
    untrusted: true,
  },
  {
    codes: ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'],
    reason: 'it does not speak TLS',
    remedy: 'correct the port in {setting}, or have {host} serve https there',
  },
]

/**
 * Recognises why `fetch` failed.
 * @param error what `fetch` threw, or what that was wrapped in
 * @param url what was fetched
 * @param setting the variable that the URL comes from, such as `ISSUER`
 * @returns undefined when it is no failure of the connection
 */
export function connectionFailure(
  error: unknown,
  url: string | URL,
  setting: string,
): ConnectionFailure | undefined {
  const { host } = new URL(url)
  for (const code of codesOf(error)) {
    const rule = rules.find(({ codes }) => codes.includes(code))
    if (!rule) continue
    const remedy = rule.remedy.replaceAll('{host}', host).replaceAll('{setting}', setting)
    return { code, reason: rule.reason, remedy, untrusted: rule.untrusted ?? false }
  }
  return undefined
}

/** The codes of an error, its causes, and the attempts that it consists of; a timeout has a name only. */
function codesOf(error: unknown, depth = 0): readonly string[] {
  if (typeof error !== 'object' || error === null || depth > 8) return []
  const { code, name, cause, errors } = error as Record<string, unknown>
  const own = [code, name].filter((value) => typeof value === 'string')
  const attempts = Array.isArray(errors) ? errors : []
  return [...own, ...[cause, ...attempts].flatMap((inner) => codesOf(inner, depth + 1))]
}
