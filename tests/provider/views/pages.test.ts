import { describe, expect, it } from '@jest/globals'
import { homePage } from '../../../provider/views/home.ts'
import { loginPage } from '../../../provider/views/login.ts'
import { page } from '../../../runtime/html.ts'

const where = {
  issuer: 'https://issuer.example',
  resource: 'https://mcp.example/mcp',
  registration: 'open' as const,
}

describe('outside development', () => {
  it('the start page shows no test account', () => {
    expect(page(homePage(where, []))).not.toMatch(/password123|alice/)
  })

  it('the login page shows no test account', () => {
    const login = loginPage({
      action: '/interaction/x',
      formToken: 'token',
      clientName: 'A client',
      resource: where.resource,
      username: '',
      testAccounts: [],
    })
    expect(page(login)).not.toMatch(/password123|alice|Test accounts/)
  })
})
