import type { IdpProfile, Proof } from './profile.ts'

const proofs: Readonly<Record<Proof['by'], string>> = {
  live: 'proven live',
  'stand-in': 'proven by a stand-in, not live',
  documentation: 'made from its documentation, not tried',
}

/** A profile in a few words: its name, whose it is, and how far its settings are proven. */
export function describeProfile({ name, title, proof, deviations }: IdpProfile): string {
  const isGeneric = proof.by === 'documentation' && deviations.length === 0
  return `${name} (${title}: ${isGeneric ? 'nothing is assumed' : `${proofs[proof.by]}, ${proof.date}`})`
}
