import { argon2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { ClientFailure, exitStatus } from '../failure.ts'
import type { KeyDescription, KeySource } from './key-source.ts'

/** OWASP Password Storage Cheat Sheet: of its equal choices, the one that each command waits for least. */
const cost = { memory: 12_288, passes: 3, parallelism: 1 } as const

/** NIST SP 800-63B-4 §3.1.1.2: a secret that stands alone. */
const minimumLength = 15

/** Wrong passphrases are asked for again this often. */
const tries = 3

/** How the passphrase comes in. */
export interface PassphraseInput {
  /** The token file, to name it. */
  readonly file: string
  /** From the environment: nobody is asked. */
  readonly given?: string | undefined
  /** Asks at the terminal. Absent where there is none. */
  readonly ask?: ((question: string) => Promise<string>) | undefined
  readonly tell: (message: string) => void
}

const derive = promisify(argon2)

/** A key made of a passphrase by Argon2id. */
export function createPassphraseKey({ file, given, ask, tell }: PassphraseInput): KeySource {
  async function choose(): Promise<string> {
    if (given !== undefined) return checkLength(given)
    if (!ask) throw noWayToAsk()
    tell('There is no keychain here, so the tokens are encrypted with a passphrase that you choose.')
    for (;;) {
      const passphrase = await ask(`Passphrase for the token file, ${minimumLength} characters or more: `)
      if ([...passphrase].length < minimumLength) tell(`That has fewer than ${minimumLength} characters.`)
      else if ((await ask('Once more: ')) !== passphrase) tell('Those were two different ones.')
      else return passphrase
    }
  }

  return {
    kind: 'passphrase',
    async create() {
      const salt = randomBytes(16).toString('base64url')
      const description = { source: 'passphrase', salt, ...cost } as const
      return { key: await keyOf(await choose(), description), description }
    },
    async find(description, fits) {
      if (description.source !== 'passphrase') return undefined
      if (given === undefined && !ask) throw noWayToAsk()
      for (let attempt = 0; attempt < (given === undefined ? tries : 1); attempt += 1) {
        const passphrase =
          given ?? (await (ask as NonNullable<typeof ask>)('Passphrase for the token file: '))
        const key = await keyOf(passphrase, description)
        if (fits(key)) return key
        if (given === undefined) tell('That is not its passphrase.')
      }
      throw new ClientFailure('The passphrase does not open the token file.', {
        status: exitStatus.usage,
        hint: `Try again. If it is lost, move ${file} away and sign in anew.`,
      })
    },
  }
}

async function keyOf(
  passphrase: string,
  description: KeyDescription & { source: 'passphrase' },
): Promise<Buffer> {
  const { salt, memory, passes, parallelism } = description
  return await derive('argon2id', {
    message: passphrase.normalize('NFKC'),
    nonce: Buffer.from(salt, 'base64url'),
    parallelism,
    tagLength: 32,
    memory,
    passes,
  })
}

function checkLength(passphrase: string): string {
  if ([...passphrase].length >= minimumLength) return passphrase
  throw new ClientFailure(`TOKEN_STORE_PASSPHRASE has fewer than ${minimumLength} characters.`, {
    status: exitStatus.usage,
    hint: 'Choose a longer one: it is all that protects the token file.',
  })
}

function noWayToAsk(): ClientFailure {
  return new ClientFailure(
    'The tokens need a place that is safe: there is no keychain here, and nobody to ask.',
    {
      status: exitStatus.usage,
      hint:
        'Set TOKEN_STORE_PASSPHRASE to encrypt the token file, or run this in a terminal. ' +
        'To keep the tokens in a plain file that only you can read: --allow-insecure-token-file',
    },
  )
}
