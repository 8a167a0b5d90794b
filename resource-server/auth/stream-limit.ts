/** Counts the streams that each address holds open. */
export interface StreamLimit {
  /**
   * Takes a place for a stream.
   * @returns what gives the place back, or undefined when the address has no place left
   */
  take(address: string): (() => void) | undefined
}

/** @param max the streams that one address may hold open at once */
export function createStreamLimit(max: number): StreamLimit {
  const open = new Map<string, number>()
  return {
    take(address) {
      const count = open.get(address) ?? 0
      if (count >= max) return undefined
      open.set(address, count + 1)
      let held = true
      return () => {
        if (!held) return
        held = false
        const left = (open.get(address) ?? 1) - 1
        if (left > 0) open.set(address, left)
        else open.delete(address)
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
