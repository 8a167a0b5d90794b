import type { StandardSchemaWithJSON } from '@modelcontextprotocol/server'

/**
 * The same schema, converted to JSON Schema once. The SDK converts on every listing and every call,
 * which for six tools takes as long as everything else that a listing does.
 */
export function memoized<Input, Output>(
  schema: StandardSchemaWithJSON<Input, Output>,
): StandardSchemaWithJSON<Input, Output> {
  const standard = schema['~standard']
  return {
    '~standard': {
      version: standard.version,
      vendor: standard.vendor,
      validate: standard.validate,
      jsonSchema: {
        input: perTarget((options) => standard.jsonSchema.input(options)),
        output: perTarget((options) => standard.jsonSchema.output(options)),
      },
    },
  }
}

type Convert = StandardSchemaWithJSON['~standard']['jsonSchema']['input']

function perTarget(convert: Convert): Convert {
  const converted = new Map<string, ReturnType<Convert>>()
  return (options) => {
    const known = converted.get(options.target) ?? convert(options)
    converted.set(options.target, known)
    return known
  }
}
