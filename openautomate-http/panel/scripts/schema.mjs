// Writes src/api/schema.d.ts from the golden OpenAPI document. With --check it only tells whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';

const source = new URL('../../tests/openapi.json', import.meta.url);
const target = new URL('../src/api/schema.d.ts', import.meta.url);
const document = JSON.parse(readFileSync(source, 'utf8'));
// The same names are given in several files of routes; the types go by paths, which are unique.
for (const item of Object.values(document.paths)) {
  for (const operation of Object.values(item)) delete operation.operationId;
}
const text = '// Written by `npm run schema` from tests/openapi.json. Change that, not this.\n' + astToString(await openapiTS(document, { emptyObjectsUnknown: true }));
if (process.argv.includes('--check')) {
  if (readFileSync(target, 'utf8') !== text) {
    console.error('src/api/schema.d.ts is not of this tests/openapi.json: run `npm run schema`');
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
