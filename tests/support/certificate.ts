import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** PEM files for `localhost`. */
export interface CertificateFiles {
  readonly certFile: string
  readonly keyFile: string
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' })
}

/** Makes a certificate that is signed by its own key. @param folder where to put the files */
export function makeCertificate(folder: string): CertificateFiles {
  const files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') }
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
  openssl('req', '-x509', ...newKey, '-keyout', files.keyFile, '-out', files.certFile, ...subject)
  return files
}

/** A private authority, such as companies have. */
export interface Authority {
  /** Its own certificate, which makes what it signs trusted. */
  readonly caFile: string
  /**
   * Signs a certificate.
   * @param name of the files
   * @param host that the certificate is for. Default `localhost`
   * @param expired whether it ended long ago
   */
  issue(name: string, options?: { readonly host?: string; readonly expired?: boolean }): CertificateFiles
}

/** @param folder where to put the files */
export function makeAuthority(folder: string): Authority {
  const file = (name: string) => join(folder, name)
  const [caFile, caKey, config] = [file('ca.pem'), file('ca.key'), file('ca.cnf')]
  openssl('req', '-x509', ...newKey, '-keyout', caKey, '-out', caFile, '-subj', '/O=A private authority')
  return {
    caFile,
    issue(name, { host = 'localhost', expired = false } = {}) {
      const files = { certFile: file(`${name}.pem`), keyFile: file(`${name}.key`) }
      const request = file(`${name}.csr`)
      writeFileSync(file('index.txt'), '')
      writeFileSync(
        config,
        `[ca]\ndefault_ca=own\n[own]\nnew_certs_dir=${folder}\ndatabase=${file('index.txt')}\nrand_serial=yes\n` +
          `default_md=sha256\npolicy=any\nx509_extensions=names\n[any]\ncommonName=supplied\n[names]\nsubjectAltName=DNS:${host}\n`,
      )
      openssl('req', ...newKey, '-keyout', files.keyFile, '-out', request, '-subj', `/CN=${host}`)
      const [from, to] = expired ? ['200101000000Z', '200201000000Z'] : ['200101000000Z', '491231000000Z']
      const period = ['-startdate', from, '-enddate', to]
      const authority = ['-config', config, '-cert', caFile, '-keyfile', caKey]
      openssl('ca', '-batch', '-notext', ...authority, ...period, '-in', request, '-out', files.certFile)
      return files
    },
  }
}
