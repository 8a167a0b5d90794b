import type { UnreadBody } from '../auth/receive-body.ts'

/** The body of a web-standard request, unread. */
export function webBody(request: Request): UnreadBody {
  let complete = request.body === null
  return {
    get complete() {
      return complete
    },
    read(receiver) {
      const reader = request.body?.getReader()
      if (!reader) {
        receiver.end()
        return () => {}
      }
      const pump = async (): Promise<void> => {
        const { done, value } = await reader.read()
        if (!done) {
          receiver.chunk(value)
          return pump()
        }
        complete = true
        receiver.end()
      }
      pump().catch(() => receiver.failed())
      return () => {
        if (!complete) reader.cancel().catch(() => {})
      }
    },
  }
}
