import { z } from 'zod'
import type { StoreContent } from './token-store.ts'

const tokens = z.object({
  profile: z.string(),
  issuer: z.string(),
  resource: z.string(),
  tokenEndpoint: z.string().optional(),
  clientId: z.string(),
  accessToken: z.string(),
  refreshToken: z.string().optional(),
  expiresAt: z.number().optional(),
  scopes: z.array(z.string()).readonly(),
  dpopKey: z.record(z.string(), z.unknown()).optional(),
})

const registration = z.object({
  issuer: z.string(),
  clientId: z.string(),
  origin: z.enum(['preregistered', 'metadata-document', 'dynamic']),
  clientSecret: z.string().optional(),
  secretExpiresAt: z.number().optional(),
  authMethod: z.string().optional(),
  grantTypes: z.array(z.string()).readonly().optional(),
  redirectUri: z.string().optional(),
})

const schema = z.object({
  version: z.literal(2),
  tokens: z.array(tokens).readonly(),
  registrations: z.array(registration).readonly(),
})

/** @returns undefined when it is not what a store of this version wrote */
export function parseStoreContent(text: string): StoreContent | undefined {
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/** The text that `parseStoreContent` reads. */
export function formatStoreContent({ tokens, registrations }: StoreContent): string {
  const content: z.input<typeof schema> = { version: 2, tokens, registrations }
  return `${JSON.stringify(content, undefined, 2)}\n`
}
