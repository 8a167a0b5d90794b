import { describeOutage } from '../outage.ts'
import { harness } from './glewlwyd.ts'

describeOutage({ title: 'Glewlwyd', harness })
