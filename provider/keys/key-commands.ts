import { type Config, ConfigError } from '../../config/index.ts'
import { openStorage } from '../storage/open-storage.ts'
import { advanceKeyRing, createKeyRing, rotationTime } from './key-ring.ts'
import { keyRingOf } from './key-source.ts'
import type { SharedKeyRing } from './shared-key-ring.ts'

/** What an operator does with the keys while the servers run. Resolves to what was done, in words. */
type KeyCommand = (config: Config) => Promise<string>

/** The commands, by the program's argument. */
export const keyCommands: ReadonlyMap<string, KeyCommand> = new Map([
  ['--rotate-keys', (config) => withRing(config, rotateKeys)],
  ['--replace-keys', (config) => withRing(config, replaceKeys)],
])

async function withRing(
  config: Config,
  change: (ring: SharedKeyRing, now: number) => Promise<readonly string[]>,
): Promise<string> {
  assertOwnKeys(config)
  const storage = await openStorage(config.store, { keys: config.storeKeys })
  try {
    return report(config, await change(keyRingOf(config, storage, Date.now), Date.now()))
  } finally {
    await storage.close()
  }
}

/**
 * Lets the next keys sign as soon as everyone can know them. Nothing is refused on the way.
 * @param now Unix milliseconds
 * @returns what was done, line by line
 */
export async function rotateKeys(shared: SharedKeyRing, now: number): Promise<readonly string[]> {
  const ring = await shared.update((before) => advanceKeyRing({ ...before, rotateAt: now }, now))
  if (ring.rotateAt !== undefined) {
    return [
      `Key ${ring.next.jwk.kid} will sign from ${date(rotationTime(ring))} on: some clients may have fetched`,
      `the keys before it was published (${date(ring.next.publishedAt)}), and may keep them for a day.`,
      'Should a key have leaked: --replace-keys does not wait.',
    ]
  }
  const [last] = ring.retired
  return [
    `Key ${ring.current.jwk.kid} signs from now on.`,
    `Key ${ring.next.jwk.kid} is published, and will be the next one.`,
    ...(last ? [`Key ${last.jwk.kid} has signed until now, and verifies until ${date(last.until)}.`] : []),
  ]
}

/**
 * Forgets every key and whatever they have signed, for keys that have leaked.
 * @param now Unix milliseconds
 * @returns what was done, line by line
 */
export async function replaceKeys(shared: SharedKeyRing, now: number): Promise<readonly string[]> {
  const ring = await shared.update(() => createKeyRing(now))
  return [
    `Key ${ring.current.jwk.kid} signs from now on, and all earlier keys are void: ID tokens signed with`,
    'them are refused, and everybody signs in again. Access and refresh tokens are not signed, and stay valid.',
  ]
}

/** @throws ConfigError when there are no keys here that a command could change */
function assertOwnKeys({ store, jwks, cookieKeys }: Config): void {
  if (jwks !== undefined && cookieKeys !== undefined) {
    const problem = 'is set, and so is COOKIE_KEYS: these keys are yours to rotate, there are no others'
    throw new ConfigError([{ variable: 'JWKS', problem }])
  }
  if (store === 'memory:') {
    const problem =
      'has no keys to change: in memory, each process makes its own, and others when it restarts'
    throw new ConfigError([{ variable: 'STORE', problem }])
  }
}

function report({ jwks, cookieKeys }: Config, lines: readonly string[]): string {
  return [
    ...lines,
    ...(jwks === undefined
      ? []
      : ['This is about cookies only: JWKS is set, and names the keys of ID tokens.']),
    ...(cookieKeys === undefined ? [] : ['This is about ID tokens only: COOKIE_KEYS is set.']),
    'Running servers notice within seconds.\n',
  ].join('\n')
}

function date(unixMs: number): string {
  return `${new Date(unixMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
