import { expect, it } from '@jest/globals'
import { statusOfCause } from '../../runtime/status-of-cause.ts'

it.each([
  ['an answer', new Response('', { status: 401 }), 401],
  ['an answer of a class that is not the global one', { status: 401, headers: new Headers() }, 401],
  ['another error', new Error('connection refused'), undefined],
  ['nothing', undefined, undefined],
])('an error is caused by %s', (_, cause, status) => {
  expect(statusOfCause(new Error('refused', { cause }))).toBe(status)
})

it('what is no error has no cause', () => {
  expect(statusOfCause(undefined)).toBeUndefined()
})
