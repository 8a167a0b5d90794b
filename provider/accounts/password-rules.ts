/** NIST SP 800-63B-4 §3.1.1.2, for passwords that are the only factor. In characters, however many bytes each takes. */
export const minPasswordLength = 15

/** Room for any sentence, and for a login form to stay small. */
const maxPasswordLength = 256

/** What is tried first, besides the user's own name. */
const expectedWords = [
  'gatehouse',
  'password',
  'passwort',
  'welcome',
  'secret',
  'letmein',
  'changeme',
  'admin',
]

/** Rows of keyboards, and what is learnt by heart. */
const sequences = [
  '12345678901234567890',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
]

/**
 * Judges a new password. Any characters will do (no rules of composition); the few that guessers try first
 * will not.
 * @returns what is wrong with it, without repeating it; undefined when it may be used
 */
export function passwordProblem(password: string, username: string): string | undefined {
  const characters = [...password.normalize('NFC')]
  if (characters.length < minPasswordLength) {
    return `is shorter than ${minPasswordLength} characters: a few words in a row are easy to remember`
  }
  if (characters.length > maxPasswordLength) return `is longer than ${maxPasswordLength} characters`
  if (/\p{Cc}/u.test(password)) return 'contains control characters, which a form cannot take'
  if (isExpected(characters.join('').toLowerCase(), username.toLowerCase())) {
    return 'is one of those that are guessed first: words that have nothing to do with this server are better'
  }
  return undefined
}

function isExpected(password: string, username: string): boolean {
  if (new Set(password).size < 5 || /^(.{1,7})\1+.{0,6}$/u.test(password)) return true
  const known = [...sequences, ...sequences.map((row) => [...row].reverse().join(''))]
  if (known.some((row) => row.includes(password) || password.startsWith(row.slice(0, 10)))) return true
  const rest = [username, ...expectedWords].reduce((text, word) => text.replaceAll(word, ''), password)
  return rest.replace(/[\d\p{P}\s]/gu, '').length < 5
}
