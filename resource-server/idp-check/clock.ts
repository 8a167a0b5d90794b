import type { IssuerDocument } from '../auth/issuer-documents.ts'
import { clockToleranceSeconds } from '../auth/jwt.ts'
import { type Described, type Finding, missing, note, ok, warning } from './finding.ts'

/** More than this many seconds are worth a word. */
const worthMentioning = 5

/**
 * How far this machine's clock is ahead of the issuer's, in seconds; negative when it is behind. HTTP dates have no
 * fractions and answers take their time: within what those explain it is 0.
 * @returns undefined when the issuer did not say what time it is
 */
export function clockDifference({
  serverTime,
  sentAt,
  answeredAt,
}: Pick<IssuerDocument, 'serverTime' | 'sentAt' | 'answeredAt'>): number | undefined {
  if (serverTime === undefined) return undefined
  const [earliest, latest] = [serverTime, serverTime + 1]
  if (sentAt / 1000 > latest) return Math.round(sentAt / 1000 - latest)
  if (answeredAt / 1000 < earliest) return -Math.round(earliest - answeredAt / 1000)
  return 0
}

/** Whether both machines agree on what time it is: tokens are good from one moment to another. */
export function checkClock({ config: { issuer, tokenValidation }, documents }: Described): Finding {
  const difference = documents.map(clockDifference).find((seconds) => seconds !== undefined)
  if (difference === undefined) return note('clock', 'the answers have no Date to compare with')
  const apart = Math.abs(difference)
  if (apart === 0) return ok('clock', 'the same as here')
  const { host } = new URL(issuer)
  const found = `this machine’s is ${apart} s ${difference > 0 ? 'ahead of' : 'behind'} that of ${host}`
  if (apart <= worthMentioning) return ok('clock', found)
  const consequence =
    difference > 0 ? `tokens expire ${apart} s early here` : `tokens live ${apart} s too long here`
  const change = `set this machine’s clock (timedatectl set-ntp true), or that of ${host} if it is the wrong one`
  const judge = apart > clockToleranceSeconds && tokenValidation === 'jwt' ? missing : warning
  return judge('clock', `${found}: ${consequence}`, change)
}
