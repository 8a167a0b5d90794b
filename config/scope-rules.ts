/** How the scopes of the resource server are found in what an issuer puts into its tokens. */
export interface ScopeRules {
  /** A further claim that carries permissions, for example `permissions`, `roles` or `groups`. */
  readonly claim?: string
  /** The issuer's word → the scopes that it stands for. Words that are not here stand for themselves. */
  readonly map?: Readonly<Record<string, readonly string[]>>
  /** A broader scope → the narrower ones that it includes. */
  readonly implies?: Readonly<Record<string, readonly string[]>>
}
