import { describeOutage } from '../outage.ts'
import { harness } from './hydra.ts'

describeOutage({ title: 'Ory Hydra', harness, jwtClientId: 'test-client-jwt' })
