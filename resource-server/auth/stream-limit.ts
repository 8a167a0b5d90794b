/** How many streams something may hold open at once. */
export interface StreamShare {
  /** A caller, or a network. */
  readonly key: string
  readonly max: number
}

/** Counts open streams. */
export interface StreamLimit {
  /**
   * Takes a place for a stream, in each of the shares.
   * @returns what gives the place back, or undefined when a share, or the whole, has no place left
   */
  take(shares: readonly StreamShare[]): (() => void) | undefined
}

/**
 * @param total the streams that all together may hold open. From half of it on each may hold a quarter of its share,
 * so that a few cannot take the whole
 */
export function createStreamLimit(total: number): StreamLimit {
  const open = new Map<string, number>()
  let all = 0
  const add = (key: string, change: 1 | -1) => {
    const count = (open.get(key) ?? 0) + change
    if (count > 0) open.set(key, count)
    else open.delete(key)
  }
  return {
    take(shares) {
      const scarce = all * 2 >= total
      const isFull = ({ key, max }: StreamShare) =>
        (open.get(key) ?? 0) >= (scarce ? Math.ceil(max / 4) : max)
      if (all >= total || shares.some(isFull)) return undefined
      all += 1
      for (const { key } of shares) add(key, 1)
      let held = true
      return () => {
        if (!held) return
        held = false
        all -= 1
        for (const { key } of shares) add(key, -1)
      }
    },
  }
}

/**
 * The same response; `callback` is called when its body ends, fails, is given up, or at once when it has none.
 * A body that fails ends: what went wrong is not for the client, to whom an adapter may write an error's message.
 */
export function whenDone(response: Response, callback: () => void): Response {
  if (!response.body) {
    callback()
    return response
  }
  const reader = response.body.getReader()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (!done) return controller.enqueue(value)
        callback()
        controller.close()
      } catch {
        callback()
        controller.close()
      }
    },
    async cancel(reason) {
      callback()
      await reader.cancel(reason)
    },
  })
  return new Response(body, response)
}
