import { type FileHandle, open } from 'node:fs/promises'
import process from 'node:process'
import type { JWKS } from 'oidc-provider'
import { AnswerTooLong, createBoundedFetch } from '../../runtime/bounded-fetch.ts'
import { InvalidJwksError, parseJwks } from './parse-jwks.ts'

/** Signing keys that the operator keeps: in a file, or at a URL such as a secret manager's. */
export interface JwksSource {
  /**
   * Reads the keys again, when it is time to.
   * @throws InvalidJwksError when they cannot be had or used
   */
  load(): Promise<JWKS>
}

/** A file is near, and read at every load. A URL is asked once a minute, also after a failure. */
const urlIntervalMs = 60_000
const urlTimeoutMs = 5000
const maxBytes = 64 * 1024
const boundedFetch = createBoundedFetch({ maxBytes })

/**
 * @param location a path, an https URL, or an http URL of this machine. User name and password in it are
 * sent as HTTP Basic authentication
 * @param now milliseconds of a clock that never steps back
 */
export function createJwksSource(location: string, now: () => number): JwksSource {
  if (!/^https?:/.test(location)) return { load: async () => parseJwks(await readPrivateFile(location)) }
  let last: { readonly jwks: Promise<JWKS>; readonly at: number } | undefined
  return {
    load() {
      if (!last || now() - last.at >= urlIntervalMs) {
        last = { jwks: download(location).then(parseJwks), at: now() }
      }
      return last.jwks
    },
  }
}

async function readPrivateFile(path: string): Promise<string> {
  let file: FileHandle | undefined
  try {
    file = await open(path)
    const { mode, uid, size } = await file.stat()
    // As PostgreSQL does: a group may read what root owns, as with a Kubernetes secret and `fsGroup`.
    if (process.platform !== 'win32' && mode & (uid === 0 ? 0o037 : 0o077)) {
      throw new InvalidJwksError('the file is open to other users: chmod 600 it')
    }
    if (size > maxBytes) throw new InvalidJwksError('the file is too large for a JWKS')
    return await file.readFile('utf8')
  } catch (cause) {
    if (cause instanceof InvalidJwksError) throw cause
    throw new InvalidJwksError(`the file cannot be read (${(cause as NodeJS.ErrnoException).code})`)
  } finally {
    await file?.close()
  }
}

/** The URL may be a secret itself: nothing of it is in an error. */
async function download(location: string): Promise<string> {
  const url = new URL(location)
  const credentials = [url.username, url.password].map(decodeURIComponent).join(':')
  url.username = url.password = ''
  const headers =
    credentials === ':' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  const signal = AbortSignal.timeout(urlTimeoutMs)
  let status: number
  let text: string
  try {
    const response = await boundedFetch(url, { headers, signal, redirect: 'error' })
    status = response.status
    text = await response.text()
  } catch (cause) {
    if (cause instanceof AnswerTooLong) throw new InvalidJwksError('the answer is too large for a JWKS')
    const { name, cause: { code = name } = {} } = cause as Error & { cause?: { code?: string } }
    throw new InvalidJwksError(`the URL cannot be fetched (${code})`)
  }
  if (status !== 200) throw new InvalidJwksError(`the URL was answered with ${status}`)
  return text
}
