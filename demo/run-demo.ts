import { createSecureFetch } from '../client/secure-fetch.ts'
import { type TestAccount, testAccounts } from '../config/index.ts'
import { describeAnswer, openToolCaller, type ToolCaller } from './caller.ts'
import { contract, toolArguments } from './contract.ts'
import { type Caller, type Cell, callers, type Matrix, type Reporter, type Step } from './report.ts'
import type { Servers } from './servers.ts'
import { type SignedIn, signIn } from './sign-in.ts'
import { showReplay, showRevocation, showWriting } from './token-life.ts'

/**
 * Signs everybody in, calls every tool as everybody, then shows how tokens end.
 * @param signal ends whatever is under way
 * @throws whatever keeps a step from being made at all; a step with the wrong outcome is reported instead
 */
export async function runDemo(
  { issuer, resource, startMs }: Pick<Servers, 'issuer' | 'resource' | 'startMs'>,
  reporter: Reporter,
  signal: AbortSignal,
): Promise<void> {
  const onStep = (step: Step) => reporter.step(step)
  reporter.section('Two servers')
  onStep({ standard: 'npm run', what: 'provider', outcome: issuer, ok: true })
  onStep({ standard: 'npm run', what: 'mcp', outcome: resource, ok: true })
  onStep({ standard: 'HTTP', what: 'both answer', outcome: `${startMs} ms after their start`, ok: true })

  const caller = await openToolCaller(resource, createSecureFetch(resource, { signal }))
  try {
    reporter.section('Without a token')
    await showAnonymous(caller, onStep)
    const people = new Map<Caller, SignedIn>()
    const seen = new Set<string>()
    for (const account of testAccounts) {
      reporter.section(`${account.username} signs in`)
      reporter.progress(`signing in ${account.username}`)
      people.set(callerOf(account), await signIn(account, { resource, signal, seen, onStep }))
    }
    reporter.matrix(await fillMatrix(caller, people, reporter))
    const [alice, bob] = [known(people, 'alice'), known(people, 'bob')]
    const options = { caller, onStep, onWait: (text: string) => reporter.progress(text) }
    reporter.section('alice writes, refreshes and signs out')
    await showWriting(alice, options)
    await showRevocation(alice, options)
    reporter.section("bob's refresh token is stolen and used twice")
    await showReplay(bob, options)
  } finally {
    await caller.close()
  }
}

/** A protected tool says where to sign in, and names no error: there was no token to be wrong. */
async function showAnonymous(caller: ToolCaller, onStep: (step: Step) => void): Promise<void> {
  const open = await caller.call('public_info', {}, undefined)
  onStep({ standard: 'MCP', what: 'public_info', outcome: describeAnswer(open, []), ok: 'result' in open })
  const closed = await caller.call('read_data', toolArguments.read_data ?? {}, undefined)
  const challenge = 'challenge' in closed ? closed.challenge : undefined
  onStep({
    standard: 'RFC 6750',
    what: 'read_data',
    outcome: `${closed.status}, needs ${challenge?.scopes?.join(' ')}`,
    ok: closed.status === 401 && challenge?.error === undefined && challenge?.scopes?.join() === 'read',
  })
  onStep({
    standard: 'RFC 9728',
    what: 'where to ask, it says',
    outcome: challenge?.resourceMetadata?.replace(/^.*\/(?=oauth-)/, '…/') ?? 'not said',
    ok: challenge?.resourceMetadata !== undefined,
  })
}

async function fillMatrix(
  caller: ToolCaller,
  people: ReadonlyMap<Caller, SignedIn>,
  reporter: Reporter,
): Promise<Matrix> {
  const matrix: Record<string, Record<Caller, Cell>> = {}
  for (const tool of Object.keys(contract)) {
    const row: Record<Caller, Cell> = { nobody: '', alice: '', bob: '', admin: '' }
    for (const name of callers) {
      reporter.progress(`calling ${tool} as ${name}`)
      const tokens = people.get(name)?.tokens
      const answer = await caller.call(tool, toolArguments[tool] ?? {}, tokens?.accessToken)
      row[name] = describeAnswer(answer, tokens?.scopes ?? [])
    }
    matrix[tool] = row
  }
  return matrix
}

function callerOf({ username }: TestAccount): Caller {
  const caller = callers.find((name) => name === username)
  if (!caller) throw new Error(`The demo does not know the test account ${username}.`)
  return caller
}

function known(people: ReadonlyMap<Caller, SignedIn>, name: Caller): SignedIn {
  const person = people.get(name)
  if (!person) throw new Error(`${name} is no test account.`)
  return person
}
