import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../support/browser.ts'
import { type ClientHome, makeClientHome, printedUrl } from '../support/client-process.ts'
import { killPrograms, type Program, startProgram } from '../support/programs.ts'
import type { Harness } from './harness.ts'

/** What a person does at one identity provider's pages, in a real browser. */
export interface ThreeProgramsOptions {
  readonly title: string
  readonly harness: Harness
  /** Its page, which says what to set. */
  readonly docs: string
  /** What the page's variables are here. */
  readonly values: Readonly<Record<string, string>>
  /** Signs alice in and allows what is asked; the page is at the authorization URL. */
  readonly allow: (page: Page) => Promise<void>
  /** Signs bob in and turns the client away. Absent where there is no such button. */
  readonly deny?: (page: Page) => Promise<void>
  /** Sorted. */
  readonly granted: readonly string[]
  /** What `logout` says. */
  readonly loggedOut: string
  /** What `whoami` shows. */
  readonly whoami: RegExp
}

/** The page's commands, as a person runs them. */
export function describeThreePrograms(options: ThreeProgramsOptions): void {
  const { title, harness, docs, values } = options
  const { issuer, mcpPort, resource } = harness
  let text: string
  let mcp: Program
  let browser: Browser
  let page: Page
  let home: ClientHome

  /** What the page has people type before `npm run` NAME, with the values that it has here. */
  function variablesFor(name: string): Record<string, string> {
    const line = text.split('\n').find((one) => one.endsWith(`npm run ${name}`) && one.includes('='))
    if (line === undefined) throw new Error(`${docs} does not say how to run ${name}.`)
    const words = line.split(' npm run ')[0]?.trim().split(' ') ?? []
    const given: Record<string, string> = { ...values, ISSUER: issuer, RESOURCE: resource }
    return Object.fromEntries(
      words.map((word) => {
        const [variable = '', value = ''] = word.split(/=(.*)/s)
        return [variable, given[variable] ?? value]
      }),
    )
  }

  describe(`the commands of the page about ${title}`, () => {
    beforeAll(async () => {
      text = await readFile(docs, 'utf8')
      mcp = startProgram('resource-server/main.ts', { ...variablesFor('mcp'), PORT: String(mcpPort) })
      home = await makeClientHome(variablesFor('client'))
      browser = await launchBrowser()
      page = await browser.newPage()
      await mcp.wrote(/Ctrl-C stops it/)
    }, 120_000)
    afterAll(async () => {
      killPrograms()
      await browser.close()
      await home.remove()
    })

    it('start an MCP server that says what it found, and where it does otherwise', () => {
      const { stdout } = mcp.output
      expect(stdout).toContain(`issuer      ${issuer}\n`)
      expect(stdout).toMatch(new RegExp(`profile +\\w+ \\(${title}: proven live`))
      expect(stdout).toContain('validation  introspection: ')
      expect(stdout).toContain(`audience    ${resource}`)
      expect(stdout).toContain('note        ')
    })

    it('pass the check before anybody signs in', async () => {
      const { code, stdout } = await startProgram('resource-server/idp-check/main.ts', variablesFor('mcp'))
        .ended
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^ +ok +introspection/m)])
      expect(stdout).toMatch(/^ +ok +refresh/m)
    })

    it('sign alice in with a real browser, and call tools', async () => {
      const login = home.run('login')
      await page.goto(await printedUrl(login))
      await options.allow(page)
      await page.getByRole('heading', { name: 'You are signed in' }).waitFor()
      expect(await login.ended).toMatchObject({ code: 0 })
      const [, granted = ''] = /Granted: (.*)\./.exec(login.output.stderr) ?? []
      expect(granted.split(' ').sort()).toEqual(options.granted)

      const whoami = await home.run('whoami').ended
      expect(whoami).toMatchObject({ code: 0, stdout: expect.stringMatching(options.whoami) })
      expect(await home.run('call', 'read_data', 'resource_id=doc1').ended).toMatchObject({ code: 0 })
      expect(await home.run('logout').ended).toMatchObject({
        code: 0,
        stderr: expect.stringContaining(options.loggedOut),
      })
    }, 120_000)

    if (options.deny) {
      it('tell somebody who refuses that access was denied', async () => {
        const login = home.run('login')
        await page.context().clearCookies()
        await page.goto(await printedUrl(login))
        await options.deny?.(page)
        const { code, stderr } = await login.ended
        expect([code, stderr]).toEqual([3, expect.stringContaining('access_denied')])
      }, 120_000)
    }
  })
}
