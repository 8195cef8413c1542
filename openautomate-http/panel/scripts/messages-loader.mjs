// Compiles the texts of the panel when it is built, so that no page carries the parser of their grammar.
import compile from 'icu-minify/compile';

/** @param {unknown} texts */
const compiled = (texts) => (typeof texts === 'string' ? compile(texts) : Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, compiled(text)])));

/** @param {string} source */
export default function load(source) {
  return `export default ${JSON.stringify(compiled(JSON.parse(source)))};`;
}
