import type { JsonSchemaType, jsonSchemaValidator } from '@modelcontextprotocol/client'
import { CfWorkerJsonSchemaValidator } from '@modelcontextprotocol/client/validators/cf-worker'

const validator = new CfWorkerJsonSchemaValidator()

/**
 * Judges by schemas that come from servers (JSON Schema 2020-12). Each is used once, and not worth compiling, as the
 * SDK's default does.
 */
export const schemaValidator: jsonSchemaValidator = {
  getValidator: (schema) => validator.getValidator(withoutPatterns(schema)),
}

/**
 * A regular expression from a server could keep this program busy for ever: what must fit one, the server checks.
 * An argument may be called `pattern`, too, and its schema stays.
 */
function withoutPatterns(schema: JsonSchemaType): JsonSchemaType {
  return JSON.parse(JSON.stringify(schema), (key, value) => {
    if (key === 'pattern' && typeof value === 'string') return undefined
    return key === 'patternProperties' ? { '': true } : value
  })
}
