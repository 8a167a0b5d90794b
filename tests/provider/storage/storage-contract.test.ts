import { storageContract } from '../../support/storage-contract.ts'
import { describeWithStorages } from '../../support/storages.ts'

describeWithStorages('the storage', storageContract)
