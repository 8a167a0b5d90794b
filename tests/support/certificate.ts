import { execFileSync } from 'node:child_process'
import { join } from 'node:path'

/** PEM files for `localhost`. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

/** Makes a certificate that is signed by its own key. @param folder where to put the files */
export function makeCertificate(folder: string): CertificateFiles {
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const out = ['-keyout', files.keyFile, '-out', files.certFile]
  execFileSync('openssl', ['req', '-x509', ...key, ...out, ...subject], { stdio: 'ignore' })
  return files
}
