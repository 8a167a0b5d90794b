import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { describe } from '@jest/globals'
import { makeCertificate } from './certificate.ts'

/** The proxies that the documentation has a configuration for. */
export type ProxyKind = 'nginx' | 'haproxy'

/** A replica as the proxy sees it. */
export interface Upstream {
  readonly port: number
  readonly metricsPort: number
}

/** A real proxy in front of replicas. */
export interface RunningProxy {
  readonly port: number
  /** `https://localhost:PORT`: the issuer. */
  readonly origin: string
  /** The certificate that it shows, in PEM. */
  readonly ca: string
  stop(): Promise<void>
}

/** Where Debian puts them; others are found by PATH. */
const programs: Record<ProxyKind, string> = { nginx: '/usr/sbin/nginx', haproxy: '/usr/sbin/haproxy' }

/** Runs the tests when the proxy is installed. One that is not is skipped, and standard error says so. */
export function describeWithProxy(kind: ProxyKind, subject: string, tests: () => void): void {
  try {
    accessSync(programs[kind])
    describe(subject, tests)
  } catch {
    process.stderr.write(`SKIPPED: ${subject}. Install ${kind} (apt-get install ${kind}) to test.\n`)
    describe.skip(`${subject} (${kind} is not installed)`, tests)
  }
}

const document = new URL('../../docs/behind-a-proxy.md', import.meta.url)

/** The configuration of the documentation, with the names, ports and files of a test in it. */
export function documentedConfiguration(
  kind: ProxyKind,
  { port, upstreams, folder }: { port: number; upstreams: readonly Upstream[]; folder: string },
): string {
  const snippet = new RegExp(`^\`\`\`${kind}\n(.*?)^\`\`\``, 'ms').exec(readFileSync(document, 'utf8'))?.[1]
  if (snippet === undefined) throw new Error(`docs/behind-a-proxy.md has no configuration for ${kind}.`)
  const [listening, certificate] = [`127.0.0.1:${port} ssl`, join(folder, 'both.pem')]
  const servers = /( *server (?:\w+ )?)10\.0\.0\.11:9000(.*\n) *server .*10\.0\.0\.12:9000.*\n/
  const configuration = snippet
    .replace(servers, (_, before: string, after: string) =>
      upstreams
        .map(({ port, metricsPort }, index) => {
          const check = kind === 'haproxy' ? ` port ${metricsPort}` : ''
          return `${before.replace('one', `replica${index}`)}127.0.0.1:${port}${check}${after}`
        })
        .join(''),
    )
    .replace('listen 443 ssl', `listen ${listening}`)
    .replace('bind :443 ssl', `bind ${listening}`)
    .replaceAll(/\/etc\/ssl\/auth\.example\.com\.(pem|key)/g, certificate)
    .replaceAll('auth.example.com', 'localhost')
  if (/10\.0\.0\.|example|\b443\b/.test(configuration)) throw new Error(`Not replaced:\n${configuration}`)
  return configuration
}

/** Starts the proxy with the documented configuration, and waits until it listens. */
export async function startProxy(
  kind: ProxyKind,
  port: number,
  upstreams: readonly Upstream[],
): Promise<RunningProxy> {
  const folder = await mkdtemp(join(tmpdir(), `gatehouse-${kind}-`))
  const { certFile, keyFile } = makeCertificate(folder)
  const ca = await readFile(certFile, 'utf8')
  await writeFile(join(folder, 'both.pem'), ca + (await readFile(keyFile, 'utf8')))
  const configuration = documentedConfiguration(kind, { port, upstreams, folder })
  const file = join(folder, 'configuration')
  await writeFile(file, kind === 'nginx' ? wholeNginx(configuration, folder) : configuration)
  const args = kind === 'nginx' ? ['-p', folder, '-c', file, '-e', 'stderr'] : ['-db', '-f', file]
  const child = spawn(programs[kind], args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints += text
  })
  const ended = once(child, 'exit')
  process.once('exit', () => child.kill('SIGKILL'))
  await untilListening(child, port, () => complaints)
  return {
    port,
    origin: `https://localhost:${port}`,
    ca,
    async stop() {
      child.kill('SIGTERM')
      await ended
      await rm(folder, { recursive: true })
    },
  }
}

/** What Debian's nginx.conf has around a site. One process, so that one signal ends it. */
function wholeNginx(site: string, folder: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  return `daemon off; master_process off; pid ${folder}/pid; error_log stderr error;
events { worker_connections 1024; }
http {
access_log off;
${paths.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n')}
${site}
}
`
}

async function untilListening(child: ChildProcess, port: number, complaints: () => string): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, '127.0.0.1')
    const listening = await once(socket, 'connect').then(
      () => true,
      () => false,
    )
    socket.destroy()
    if (listening) return
    await delay(20)
  }
  throw new Error(`The proxy ended: ${complaints()}`)
}
