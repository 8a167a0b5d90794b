/** An answer that is longer than it may be. What came of it is thrown away, and its connection is closed. */
export class AnswerTooLong extends Error {
  override readonly name = 'AnswerTooLong'
  readonly code = 'ERR_ANSWER_TOO_LONG'
  readonly maxBytes: number
  constructor(maxBytes: number) {
    super(`the answer is longer than ${describeBytes(maxBytes)}`)
    this.maxBytes = maxBytes
  }
}

/** For example `16 MiB`. */
export function describeBytes(bytes: number): string {
  if (bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`
}

/** The default of {@link createBoundedFetch}: no metadata, key set or token answer is longer, in bytes. */
export const longestDocument = 2 ** 20

/** Options of {@link createBoundedFetch}. */
export interface BoundedFetchOptions {
  /** The longest body, in bytes after decompression. Default 1 MiB. */
  readonly maxBytes?: number
  /** What sends the request. Default: the `fetch` of Node.js. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * Makes a `fetch` that resolves when the whole answer is there, and reads no more than `maxBytes` of it. The
 * request's `signal` ends the reading, too: a time limit covers the body.
 * @throws AnswerTooLong
 */
export function createBoundedFetch({
  maxBytes = longestDocument,
  fetch,
}: BoundedFetchOptions = {}): typeof globalThis.fetch {
  return async (input, init) => await readWhole(await (fetch ?? globalThis.fetch)(input, init), maxBytes)
}

/**
 * Reads an answer.
 * @param maxBytes the longest body, after decompression: what is compressed may be a thousand times as long
 * @returns the same answer, with its body in memory
 * @throws AnswerTooLong, and then the connection is closed
 */
export async function readWhole(response: Response, maxBytes: number): Promise<Response> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let length = 0
  await requireLength(response, maxBytes)
  // Leaving the loop by a throw cancels the body, which closes the connection.
  for await (const chunk of response.body ?? []) {
    length += chunk.byteLength
    if (length > maxBytes) throw new AnswerTooLong(maxBytes)
    chunks.push(chunk)
  }
  return new Response(chunks.length > 0 ? new Blob(chunks) : null, response)
}

/** Reads no byte of what says itself that it is too long. */
export async function requireLength(response: Response, maxBytes: number): Promise<void> {
  if (!response.body || !(Number(response.headers.get('content-length')) > maxBytes)) return
  await response.body.cancel()
  throw new AnswerTooLong(maxBytes)
}
