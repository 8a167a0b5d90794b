import type { ParameterizedContext } from 'koa'
import { type Html, page } from '../../runtime/html.ts'

/** What a page needs besides its content. */
export interface Page {
  /** Plain text. */
  readonly title: string
  readonly body: Html
  /** For pages that hold tables. */
  readonly wide?: boolean
}

/** Answers with a page that no cache keeps. */
export function sendPage(ctx: ParameterizedContext, status: number, content: Page): void {
  ctx.status = status
  ctx.type = 'html'
  ctx.set('Cache-Control', 'no-store')
  ctx.body = page(content)
}
