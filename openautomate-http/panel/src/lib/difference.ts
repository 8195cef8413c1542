/** Two values side by side, field by field. */

export interface Line {
  /** As in `customer.address.city`. */
  path: string;
  first: string;
  second: string;
  differs: boolean;
}

function text(value: unknown): string {
  if (value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The fields of two objects, down to what is none, in the order of the first; what only one has is `–` in the other. */
export function linesOf(first: unknown, second: unknown, path = ''): Line[] {
  if (isObject(first) || isObject(second)) {
    const one = isObject(first) ? first : {};
    const other = isObject(second) ? second : {};
    const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    return names.flatMap((name) => linesOf(one[name], other[name], path ? `${path}.${name}` : name));
  }
  if (first === undefined && second === undefined) return [];
  const [a, b] = [text(first), text(second)];
  return [{ path, first: a, second: b, differs: a !== b }];
}
