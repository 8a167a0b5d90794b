import { readFileSync } from 'node:fs'

/** Linux counts a process's time in hundredths of a second (USER_HZ) on every platform that Node runs on. */
const ticksPerSecond = 100

/** The processor time that a process has used, in seconds. Undefined where there is no /proc. */
export function cpuSecondsOf(pid: number): number | undefined {
  // The name of the program, in parentheses, may hold spaces: proc(5) numbers the fields after it from 3 on.
  const fields = readProc(pid, 'stat')
    ?.replace(/^.*\) /s, '')
    .split(' ')
  return fields && (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** The memory that a process holds, in megabytes of a million bytes. Undefined where there is no /proc. */
export function residentMegabytesOf(pid: number): number | undefined {
  const kibibytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status') ?? '')?.[1]
  return kibibytes === undefined ? undefined : (Number(kibibytes) * 1024) / 1e6
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
