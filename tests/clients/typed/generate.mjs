// TypeScript types of all operations beside this file: node generate.mjs <schema> <file to write>. A document that the
// schema does not admit ends it with an error.
import { codegen } from '@graphql-codegen/core';
import * as typedDocuments from '@graphql-codegen/typed-document-node';
import * as operationTypes from '@graphql-codegen/typescript-operations';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { buildSchema, parse } from 'graphql';

const [schemaPath, filename] = process.argv.slice(2);
const schema = buildSchema(readFileSync(schemaPath, 'utf8'));
const documents = readdirSync('.')
  .filter((name) => name.endsWith('.graphql'))
  .sort()
  .map((location) => ({ location, document: parse(readFileSync(location, 'utf8')) }));

const text = await codegen({
  filename,
  schema: parse(readFileSync(schemaPath, 'utf8')),
  schemaAst: schema,
  documents,
  // Every scalar of the schema is named, or the generator refuses: a new one must not become `any` in silence.
  config: {
    strictScalars: true,
    scalars: { ID: 'string', Date: 'string', DateTime: 'string', JSON: 'unknown' },
    useTypeImports: true,
  },
  pluginMap: { operationTypes, typedDocuments },
  plugins: [{ operationTypes: {} }, { typedDocuments: {} }],
});
writeFileSync(filename, text);
