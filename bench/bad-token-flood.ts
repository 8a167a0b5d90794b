import { randomBytes } from 'node:crypto'
import autocannon from 'autocannon'
import { startIssuer } from '../tests/support/issuer-stand-in.ts'
import { applyLoad } from './support/load.ts'
import { resourceOf, startMcpServer } from './support/mcp-server.ts'
import { decimal, type Finding } from './support/report.ts'
import { readDataRequest } from './support/requests.ts'
import { residentMegabytesOf } from './support/usage.ts'

/** How many clients send bad tokens at once: more than may be under validation. */
const attackers = 200

/** The gate's own bound on questions to the issuer at one time. */
const mostAtOnce = 50

/** The issuer takes this long for an answer, so that questions pile up. */
const delayMs = 20

/**
 * A flood over HTTP: each request brings another bad token, while someone with a good one goes on calling.
 * @param tokens how many bad tokens
 */
export async function measureBadTokenFlood(tokens: number): Promise<readonly Finding[]> {
  const issuer = await startIssuer()
  const server = await startMcpServer(issuer.issuer)
  const url = `http://127.0.0.1:${server.port}/mcp`
  const goodToken = issuer.issue(resourceOf(server))

  /** A caller with a good token, in a thread of its own: 100 calls a second. */
  const callAsGood = (seconds: number) =>
    autocannon({
      url,
      method: 'POST',
      ...readDataRequest({ token: goodToken }),
      connections: 10,
      overallRate: 100,
      workers: 1,
      duration: seconds,
    })

  try {
    await applyLoad(server, readDataRequest({ token: goodToken }), 3)
    issuer.fail({ delayMs }, ['introspection'])
    const quiet = await callAsGood(3)
    const residentBefore = residentMegabytesOf(server.pid)
    const asked = issuer.use.introspection.requests
    let flooding = true
    const flood = sendBadTokens(url, tokens).then((result) => {
      flooding = false
      return result
    })
    const busy: autocannon.Result[] = []
    while (flooding) busy.push(await callAsGood(1))
    const { non2xx, errors, statusCodeStats, duration } = await flood
    const residentAfter = residentMegabytesOf(server.pid)

    const goodCalls = busy.reduce((sum, result) => sum + result['2xx'], 0)
    const goodFailures = busy.reduce((sum, result) => sum + result.non2xx + result.errors, 0)
    const refused = statusCodeStats?.['401']?.count ?? 0
    const { mostOpen, requests } = issuer.use.introspection
    return [
      {
        what: `${tokens} distinct bad tokens over HTTP, ${attackers} at once`,
        target: `${tokens} answers 401`,
        figure: `${refused} answers 401, ${non2xx - refused} others, ${errors} errors, in ${duration.toFixed(0)} s`,
        met: refused === tokens,
      },
      {
        what: 'calls with a good token meanwhile that fail',
        target: '0',
        figure: `${goodFailures} of ${goodCalls + goodFailures}`,
        met: goodFailures === 0 && goodCalls > 0,
      },
      {
        what: 'their 99th percentile: in quiet, during the flood',
        figure: `${quiet.latency.p99} ms, ${Math.max(...busy.map(({ latency }) => latency.p99))} ms`,
      },
      {
        what: 'introspections at once during the flood, at most',
        target: `≤ ${mostAtOnce}`,
        figure: `${mostOpen} (${requests - asked} in all)`,
        met: mostOpen <= mostAtOnce,
      },
      {
        what: "the server's memory (RSS) before and after the flood",
        figure: `${decimal(residentBefore, 0)} MB, ${decimal(residentAfter, 0)} MB`,
      },
    ]
  } finally {
    await server.stop()
    await issuer.stop()
  }
}

function sendBadTokens(url: string, tokens: number): Promise<autocannon.Result> {
  const { body, headers } = readDataRequest()
  return autocannon({
    url,
    method: 'POST',
    body,
    headers,
    connections: attackers,
    amount: tokens,
    requests: [
      {
        setupRequest: (request) => ({
          ...request,
          headers: { ...headers, authorization: `Bearer ${randomBytes(24).toString('base64url')}` },
        }),
      },
    ],
  })
}
