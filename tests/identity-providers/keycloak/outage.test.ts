import { describeOutage } from '../outage.ts'
import { harness } from './keycloak.ts'

describeOutage({ title: 'Keycloak', harness })
