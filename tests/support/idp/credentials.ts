import type { StandInRequest } from '../stand-in.ts'

/** A client's name, and its secret when it sent one: by HTTP Basic, form-encoded (RFC 6749 §2.3.1), or in the form. */
export function credentialsOf({ headers, fields }: Pick<StandInRequest, 'headers' | 'fields'>): {
  readonly id: string
  readonly secret: string | undefined
} {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(headers.authorization ?? '')?.[1]
  if (encoded === undefined) {
    return { id: fields.get('client_id') ?? '', secret: fields.get('client_secret') ?? undefined }
  }
  const pair = /^([^:]*):([^:]*)$/.exec(Buffer.from(encoded, 'base64').toString('latin1'))
  const decode = (part = '') => new URLSearchParams(`_=${part}`).get('_') ?? ''
  return { id: decode(pair?.[1]), secret: decode(pair?.[2]) }
}
