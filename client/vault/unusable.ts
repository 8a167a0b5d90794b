import { ClientFailure, codeOf, exitStatus } from '../failure.ts'

/** The client's files cannot be read or written: a folder of somebody else's, or a full disk. */
export function unusable(path: string, cause: unknown): ClientFailure {
  return new ClientFailure(`The token file ${path} cannot be used (${codeOf(cause)}).`, {
    status: exitStatus.failed,
    hint: 'Set XDG_STATE_HOME to a folder that is yours, on a disk with room.',
    cause,
  })
}
