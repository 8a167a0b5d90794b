/** STORE_KEY of all tests: those that share a store must share it. */
export const testStoreKey = 'a-key-of-the-tests-0123456789abcdefghijklmnop'
