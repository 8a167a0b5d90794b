import { missingNeeds } from '../../config/index.ts'
import { type Finding, missing, type Subject } from './finding.ts'

/** What this identity provider needs and nobody can guess, of both programs. */
export function checkSettings({ config, env }: Pick<Subject, 'config' | 'env'>): readonly Finding[] {
  const { profile } = config.idp
  return (['resource-server', 'client'] as const).flatMap((program) =>
    missingNeeds(profile, program, env).map(({ variable, where }) =>
      missing('setting', `${variable} is not set, and ${programNames[program]} needs it`, where),
    ),
  )
}

const programNames = { 'resource-server': 'npm run mcp', client: 'npm run client' }
