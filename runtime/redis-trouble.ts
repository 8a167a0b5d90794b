interface Trouble {
  readonly pattern: RegExp
  readonly reason: string
  readonly remedy: string
}

/** What Redis and Valkey refuse with; the first that fits counts. `$1` is the pattern's first group. */
const troubles: readonly Trouble[] = [
  {
    pattern: /\bREADONLY\b/,
    reason: 'it is a read-only replica, READONLY',
    remedy: 'give the address of the primary, or of the Sentinels as redis+sentinel://HOST:PORT/NAME',
  },
  {
    pattern: /\bMASTERDOWN\b/,
    reason: 'it is a replica that has lost its primary, MASTERDOWN',
    remedy: 'promote it, or give the address of the primary',
  },
  {
    pattern: /\bLOADING\b/,
    reason: 'it is loading its data, LOADING',
    remedy: 'wait until it has loaded',
  },
  {
    pattern: /\bCLUSTERDOWN\b/,
    reason: 'its cluster does not serve every slot, CLUSTERDOWN',
    remedy: 'see redis-cli --cluster check',
  },
  {
    pattern: /\b(MOVED|ASK|TRYAGAIN|CROSSSLOT)\b/,
    reason: 'its cluster is moving slots, $1',
    remedy: 'wait until the cluster is stable',
  },
  {
    pattern: /\bNOREPLICAS\b/,
    reason: 'too few replicas are connected to it, NOREPLICAS',
    remedy: 'bring the replicas back, or lower its min-replicas-to-write',
  },
  {
    pattern: /\bMISCONF\b/,
    reason: 'it cannot write to its disk, MISCONF',
    remedy: 'free its disk, and see its log',
  },
  {
    pattern: /\bOOM\b/,
    reason: 'its memory is full, OOM',
    remedy: 'raise its maxmemory, or remove what others keep there',
  },
  {
    pattern: /\bNOAUTH\b|HELLO must be called with the client already authenticated/,
    reason: 'it asks for a password, NOAUTH',
    remedy: 'put the user and password into the URL',
  },
  {
    pattern: /\bWRONGPASS\b|AUTH.* without any password configured|invalid password/,
    reason: 'it does not take this user and password, WRONGPASS',
    remedy: 'correct them in the URL',
  },
  {
    pattern: /permissions to run the '?([\w|]+)/,
    reason: 'its user may not run $1, NOPERM',
    remedy: 'allow the commands that docs/stores.md lists',
  },
  {
    pattern: /\bNOPERM\b.*\bkey|ACL failure.*key|No permissions to access a key/i,
    reason: 'its user may not write the keys of this program, NOPERM',
    remedy: 'allow them with ACL SETUSER NAME ~gatehouse:*',
  },
  {
    pattern: /\bNOPERM\b|ACL failure|user executing the script can't run/,
    reason: 'its user lacks a right, NOPERM',
    remedy: 'allow the commands that docs/stores.md lists',
  },
  {
    pattern: /unknown (?:sub)?command [^\w]*(\w+)|unsupported command [^\w]*(\w+)/i,
    reason: 'it has no command $1: it is older than Redis 6, renames commands, or is a proxy',
    remedy: 'use Redis 6, Valkey or newer, itself and without rename-command',
  },
  {
    pattern: /unknown command called from|NOPROTO|syntax error/i,
    reason: 'it lacks a command or option: it is older than Redis 6, renames commands, or is a proxy',
    remedy: 'use Redis 6, Valkey or newer, itself and without rename-command',
  },
  {
    pattern: /SELECT is not allowed in cluster mode/,
    reason: 'a cluster has no numbered databases',
    remedy: 'leave the number out of the URL',
  },
  {
    pattern: /DB index is out of range/,
    reason: 'it has no database of that number',
    remedy: 'correct the number in the URL',
  },
  {
    pattern: /^DENIED/,
    reason: 'it is in protected mode, DENIED',
    remedy: 'give its users passwords',
  },
  {
    pattern: /max number of clients/,
    reason: 'it has as many clients as it takes',
    remedy: 'raise its maxclients',
  },
  {
    pattern: /\bBUSY\b/,
    reason: 'a script blocks it, BUSY',
    remedy: 'end that with SCRIPT KILL',
  },
  {
    pattern: /^Socket closed unexpectedly/,
    reason: 'it closed the connection',
    remedy:
      'see whether Redis itself, not a proxy without its commands, listens there, and whether with TLS (rediss://)',
  },
]

/** Why Redis refused, and what to do. @returns undefined when it is no error that Redis or Valkey is known for */
export function redisTrouble(message: string): string | undefined {
  for (const { pattern, reason, remedy } of troubles) {
    const found = pattern.exec(message)
    if (found) return `${reason.replace('$1', found[1] ?? found[2] ?? '')}; ${remedy}`
  }
  return undefined
}

/**
 * Whether a new connection may lead to a server that takes the command: after a failover the address belongs to
 * another server, and an open connection still leads to the old one.
 */
export function isServedElsewhere(error: unknown): boolean {
  return textsOf(error).some((text) =>
    /(?:^|[\s-])(READONLY|MASTERDOWN|LOADING|CLUSTERDOWN|MOVED|ASK|TRYAGAIN|NOREPLICAS|NOAUTH|NOMASTERLINK)\b/.test(
      text,
    ),
  )
}

/** A transaction's error holds those of its commands. */
export function textsOf(error: unknown): readonly string[] {
  const { message, replies } = Object(error) as { message?: unknown; replies?: unknown }
  const inner = Array.isArray(replies) ? replies.filter((reply) => reply instanceof Error) : []
  return [String(message ?? ''), ...inner.map((reply) => reply.message)]
}
