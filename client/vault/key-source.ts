import { z } from 'zod'

/** What a file says about its key: enough to find the key again, and nothing of the key itself. */
export const keyDescription = z.discriminatedUnion('source', [
  z.object({
    source: z.literal('keychain'),
    /** The account under which the keychain holds it. */
    account: z.string().max(100),
  }),
  z.object({
    source: z.literal('passphrase'),
    /** Base64url. */
    salt: z.string().max(100),
    /** Argon2id (RFC 9106): KiB, passes, lanes. Bounded: a foreign file must not cost more than a moment. */
    memory: z.number().int().min(8192).max(262_144),
    passes: z.number().int().min(1).max(10),
    parallelism: z.number().int().min(1).max(8),
  }),
])

/** What a file says about its key. */
export type KeyDescription = z.output<typeof keyDescription>

/** A key of 32 bytes, and how it is found again. */
export interface DescribedKey {
  readonly key: Buffer
  readonly description: KeyDescription
}

/** Where the key of the token file comes from. Never from a file beside it. */
export interface KeySource {
  readonly kind: KeyDescription['source']
  /** Makes the key of a new file. */
  create(): Promise<DescribedKey>
  /**
   * Finds the key of a file that is there.
   * @param fits whether a key is the file's
   * @returns undefined when the key is gone for good
   * @throws ClientFailure when it cannot be had now
   */
  find(description: KeyDescription, fits: (key: Buffer) => boolean): Promise<Buffer | undefined>
}
