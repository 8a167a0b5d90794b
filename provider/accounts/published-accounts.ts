import { type Config, type TestAccount, testAccounts } from '../../config/index.ts'

/** The accounts that pages may show with their passwords: the test accounts, while they are those that sign in. */
export function publishedAccounts({
  development,
  accountsFile,
}: Pick<Config, 'development' | 'accountsFile'>): readonly TestAccount[] {
  return development && accountsFile === undefined ? testAccounts : []
}
