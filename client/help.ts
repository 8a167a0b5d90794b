/** Runs against the three programs with their defaults; each is run by a test. */
export const examples = [
  'npm run client -- login --scope "read write"',
  'npm run client -- call public_info',
  'npm run client -- call read_data resource_id=doc1',
  'npm run client -- call write_data resource_id=note content="two words"',
  `npm run client -- call read_data --args-json '{"resource_id":"doc1"}'`,
  'npm run client -- read doc://doc1',
  'npm run client -- tools --json',
  'npm run client -- status',
  'npm run client -- tools --trace',
  'npm run -s client -- token',
] as const

/** What `--help` prints. */
export const help = `Signs you in at an MCP server's authorization server and calls its tools.

Usage: npm run client [-- COMMAND] [options]

  (none)                   sign in if needed, then list the tools
  login                    sign in, in the browser; also to change the account
  logout                   revoke the tokens and forget them
  status                   show who is signed in where; asks no server
  tools                    list the tools and the scopes they need
  call NAME [key=value …]  call a tool; values take the types it asks for
  resources                list the resources
  read URI                 read a resource
  whoami                   show the account that the server sees
  token                    print an access token, for scripts

Options:
  --server URL             the MCP server; otherwise RESOURCE
  --as NAME                one of several identities, each signed in by itself
  --scope "A B"            ask for these scopes when signing in
  --device                 sign in with a code on another device, as over SSH
  --client-credentials     sign in as the client itself, without a user
  --assertion-file FILE    sign in with a token that somebody else signed, as
                           workloads do
  --id-token-file FILE     sign in by your enterprise's identity provider
  --dpop                   bind tokens to a key of this client (RFC 9449)
  --args-json JSON         a tool's arguments as one JSON object; - reads them
                           from standard input
  --json                   print results as JSON
  -v, --verbose            tell of every request
  --trace                  print every hop of the flow, without secrets
  --trace-html FILE        write them to one page, fit for a bug report
  --allow-insecure-token-file
                           keep tokens in a plain file that only you can read

Examples:
${examples.map((example) => `  ${example}`).join('\n')}

Environment:
  RESOURCE       the MCP server's URL                  http://localhost:8000/mcp
  ISSUER         which of its authorization servers    the first that it lists
  CLIENT_ID      this client's registration            test-client
  CLIENT_SECRET  its secret, if it has one
  CLIENT_KEY     a file with its private JWK, instead of a secret
  IDP_ISSUER, IDP_CLIENT_ID, IDP_CLIENT_SECRET         for --id-token-file
  TOKEN_STORE_PASSPHRASE   opens the token file where there is no keychain

Exit status:
  0  done                             3  not signed in
  1  the tool or the server failed    4  a scope is missing
  2  wrong usage or settings          5  a server does not answer
                                    130  interrupted

Tokens are kept encrypted in mcp-gatehouse/tokens.sealed.json in XDG_STATE_HOME,
which is ~/.local/state by default. Their key is in the system's keychain or,
where there is none, made of a passphrase that you are asked for.
`
