/** Inputs as the form has them: what somebody typed, by the names of the inputs; what they are is said by the schema. */

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  anyOf?: Schema[];
  items?: Schema;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  'x-order'?: string[];
  'x-enum-names'?: string[];
  'x-multiline'?: boolean;
}

export type Kind = 'text' | 'lines' | 'number' | 'integer' | 'boolean' | 'choice' | 'date' | 'date-time' | 'json';

export interface Input {
  name: string;
  label: string;
  hint: string | undefined;
  kind: Kind;
  required: boolean;
  /** Empty is `null`. */
  nullable: boolean;
  fallback: unknown;
  choices: { value: unknown; label: string }[];
  schema: Schema;
}

export type Draft = Record<string, string>;

/** The inputs that a schema asks for, in their order. */
export function inputsOf(schema: Schema | null | undefined): Input[] {
  const properties = schema?.properties ?? {};
  const order = schema?.['x-order'] ?? Object.keys(properties);
  const names = [...order.filter((name) => name in properties), ...Object.keys(properties).filter((name) => !order.includes(name))];
  return names.map((name) => input(name, resolved(properties[name] ?? {}, schema ?? {}), schema?.required?.includes(name) ?? false));
}

function resolved(schema: Schema, root: Schema): Schema {
  const name = schema.$ref?.match(/^#\/\$defs\/(.+)$/)?.[1];
  const found = name ? root.$defs?.[name] : undefined;
  return found ? { ...found, ...schema } : schema;
}

function input(name: string, schema: Schema, required: boolean): Input {
  const options = schema.anyOf?.filter((one) => one.type !== 'null') ?? [];
  const types = Array.isArray(schema.type) ? schema.type : [];
  const nullable = options.length < (schema.anyOf?.length ?? 0) || types.includes('null');
  const only = options.length === 1 ? { ...schema, ...options[0] } : schema;
  const choices = (only.enum ?? []).map((value, index) => ({ value, label: only['x-enum-names']?.[index] ?? String(value) }));
  return {
    name,
    label: schema.title ?? name,
    hint: schema.description,
    kind: kindOf(only, choices.length > 0),
    required: required && schema.default === undefined && !nullable,
    nullable,
    fallback: schema.default,
    choices,
    schema: only,
  };
}

function kindOf(schema: Schema, isChoice: boolean): Kind {
  if (isChoice) return 'choice';
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== 'null');
  switch (types.length === 1 ? types[0] : undefined) {
    case 'string':
      if (schema['x-multiline']) return 'lines';
      return schema.format === 'date' || schema.format === 'date-time' ? schema.format : 'text';
    case 'integer':
    case 'number':
    case 'boolean':
      return types[0] as Kind;
    default:
      return 'json';
  }
}

/** What the form begins with: given values, else the defaults. */
export function draftOf(inputs: Input[], values: Record<string, unknown> = {}): Draft {
  return Object.fromEntries(inputs.map((one) => [one.name, typed(one, one.name in values ? values[one.name] : one.fallback)]));
}

function typed({ kind, choices }: Input, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (kind === 'choice') return String(choices.findIndex((choice) => JSON.stringify(choice.value) === JSON.stringify(value)));
  return kind === 'json' ? JSON.stringify(value, null, 2) : String(value);
}

/** The values that a draft stands for, or what is wrong with it by name: `missing`, `number`, `integer` or `json`. */
export function valuesOf(inputs: Input[], draft: Draft): { values: Record<string, unknown>; wrong: Record<string, Wrong> } {
  const values: Record<string, unknown> = {};
  const wrong: Record<string, Wrong> = {};
  for (const one of inputs) {
    const text = draft[one.name] ?? '';
    if (text === '' && one.kind !== 'boolean') {
      // Left empty: the default of the automation stands, or null where that is a value.
      if (one.fallback === undefined && one.nullable && one.schema.default === undefined) values[one.name] = null;
      else if (one.nullable && one.fallback !== null && one.fallback !== undefined) values[one.name] = null;
      else if (one.required && one.kind !== 'text' && one.kind !== 'lines') wrong[one.name] = 'missing';
      else if (one.required) values[one.name] = '';
      continue;
    }
    const value = parsed(one, text);
    if (typeof value === 'object' && value !== null && 'wrong' in value) wrong[one.name] = value.wrong;
    else values[one.name] = value.value;
  }
  return { values, wrong };
}

export type Wrong = 'missing' | 'number' | 'integer' | 'json';

function parsed({ kind, choices }: Input, text: string): { value: unknown } | { wrong: Wrong } {
  switch (kind) {
    case 'number':
      return Number.isFinite(Number(text)) ? { value: Number(text) } : { wrong: 'number' };
    case 'integer':
      return /^\s*-?\d+\s*$/.test(text) ? { value: Number(text) } : { wrong: 'integer' };
    case 'boolean':
      return { value: text === 'true' };
    case 'choice':
      return { value: choices[Number(text)]?.value };
    case 'json':
      try {
        return { value: JSON.parse(text) as unknown };
      } catch {
        return { wrong: 'json' };
      }
    default:
      return { value: text };
  }
}
