import { openServer } from '../support/http-server.ts'
import { Browser, signIn } from '../support/sign-in.ts'
import { startProvider } from '../support/start-provider.ts'
import { type RefereeRun, runReferee } from './referee.ts'

/** Lets the referee judge the provider. It prints a URL for a person; alice signs in there. */
export async function judgeProvider(): Promise<RefereeRun> {
  const provider = await startProvider()
  const { port, close } = await openServer()
  await close()
  let [written, signedIn] = ['', false]
  try {
    const { issuer, config } = provider
    const target = ['--url', issuer, '--client-id', config.client.id, '--resource', config.resource]
    return await runReferee(['authorization', ...target, '-p', String(port)], (text) => {
      written += text
      const [url] = /^http\S+\/authorize\?\S+$/m.exec(written) ?? []
      if (url === undefined || signedIn || !written.includes('Waiting')) return
      signedIn = true
      // A sign-in that fails shows in the verdict: no code ever comes.
      void signIn(new Browser(), { url }, 'alice').then((callback) => fetch(callback))
    })
  } finally {
    await provider.stop()
  }
}
