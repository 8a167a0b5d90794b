import { type Html, html } from '../../runtime/html.ts'

const hour = 3600
const day = 24 * hour
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always' })
const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeZone: 'UTC' })

/**
 * When something was, in words. Nobody's time zone is known here, so that no hour of a day is named.
 * @param at Unix seconds
 * @param now Unix seconds
 */
export function timeAgo(at: number, now: number): Html {
  const seconds = now - at
  if (seconds < hour) return time(at, 'within the last hour')
  if (seconds < day) return time(at, relative.format(-Math.floor(seconds / hour), 'hour'))
  if (seconds < 7 * day) return time(at, relative.format(-Math.floor(seconds / day), 'day'))
  return time(at, `on ${formatDay(at)}`)
}

/** When something will be, in words. Both in Unix seconds. */
export function timeLeft(at: number, now: number): Html {
  const seconds = at - now
  if (seconds <= hour) return time(at, 'within an hour')
  if (seconds < 2 * day) return time(at, relative.format(Math.ceil(seconds / hour), 'hour'))
  return time(at, `on ${formatDay(at)}`)
}

function formatDay(at: number): string {
  return date.format(at * 1000)
}

function time(at: number, words: string): Html {
  return html`<time datetime="${new Date(at * 1000).toISOString()}">${words}</time>`
}
