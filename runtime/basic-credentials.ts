/**
 * The Authorization header of a client with a secret (RFC 6749 §2.3.1): both form-encoded, as the URL standard does it.
 * Letters, digits and `*-._` stay as they are, so that servers that forget to decode understand most clients, too.
 */
export function basicCredentials(id: string, secret: string): string {
  return `Basic ${btoa(`${formEncode(id)}:${formEncode(secret)}`)}`
}

function formEncode(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
