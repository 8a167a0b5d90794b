import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import type { Server } from 'node:http'
import { Server as TlsServer } from 'node:https'
import { type Config, ConfigError } from '../config/index.ts'
import type { Logger } from './logger.ts'

/** PEM files of a certificate, with those that lead to its issuer, and of its key. */
export type CertificateFiles = NonNullable<Config['tls']>

/** @throws ConfigError naming the variable whose file cannot be read */
export function readCertificate({ certFile, keyFile }: CertificateFiles): { cert: Buffer; key: Buffer } {
  return { cert: readPem('TLS_CERT', certFile), key: readPem('TLS_KEY', keyFile) }
}

function readPem(variable: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const problem = `the file cannot be read (${(cause as NodeJS.ErrnoException).code})`
    throw new ConfigError([{ variable, problem }])
  }
}

/** How often the files are looked at, in milliseconds. */
const pollMs = 60_000

/**
 * Serves a renewed certificate without a restart: new connections get it, open ones go on. While the new files
 * are no pair the old ones stay in use.
 */
export function renewCertificate(
  server: Server,
  { tls }: Pick<Config, 'tls'>,
  logger: Logger,
  intervalMs = pollMs,
): void {
  if (!tls || !(server instanceof TlsServer)) return
  const reload = () => {
    try {
      server.setSecureContext({ ...readCertificate(tls), minVersion: 'TLSv1.2' })
      logger.info('the certificate has been read again')
    } catch (error) {
      logger.error({ err: error }, 'the new certificate cannot be used: the old one stays')
    }
  }
  // Polled: a secret that is mounted is exchanged by renaming a folder, which no watcher of the file sees.
  for (const file of Object.values(tls)) watchFile(file, { interval: intervalMs, persistent: false }, reload)
  server.once('close', () => {
    for (const file of Object.values(tls)) unwatchFile(file, reload)
  })
}
