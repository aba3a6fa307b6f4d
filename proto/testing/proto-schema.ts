/**
 * Messages of our `.proto` files as JSON Schemas of their JSON form. Reads the part of the language that those files use: messages that are
 * not nested, enums, `oneof`, `repeated`, `map<string, …>`; a comment goes to what stands under it.
 */
export interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly [key: string]: unknown;
}

const SCALARS: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  double: { type: 'number', format: 'double' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  bytes: { type: 'string', contentEncoding: 'base64' },
};
const FIELD = /^(repeated )?(?:map<string, (\w+)>|([\w.]+)) (\w+) = \d+;$/;

/** By name of the message or enum. */
export function schemasOf(sources: readonly string[]): Map<string, JsonSchema> {
  const schemas = new Map<string, JsonSchema>();
  for (const source of sources) {
    let comment: string[] = [];
    let open: { name: string; kind: string; doc: string; properties: Record<string, JsonSchema>; values: string[]; choice: string[] } | undefined;
    let inChoice = false;
    const doc = (): string => {
      const text = comment.join(' ');
      comment = [];
      return text;
    };
    for (const line of source.split('\n').map((text) => text.trim())) {
      const said = /^\/\/ ?(.*)$/.exec(line);
      const begun = /^(message|enum) (\w+) \{(\})?$/.exec(line);
      const field = FIELD.exec(line);
      if (said) comment.push(said[1]!);
      else if (begun) {
        open = { name: begun[2]!, kind: begun[1]!, doc: doc(), properties: {}, values: [], choice: [] };
        if (begun[3] !== undefined) schemas.set(open.name, { type: 'object' });
      } else if (line.startsWith('oneof ')) inChoice = true;
      else if (line === '}' && inChoice) inChoice = false;
      else if (line === '}' && open) schemas.set(open.name, closed(open));
      else if (open?.kind === 'enum' && line !== '') open.values.push(/^\w+/.exec(line)![0]);
      else if (field && open) {
        const name = camel(field[4]!);
        open.properties[name] = described(fieldSchema(field), doc());
        if (inChoice) open.choice.push(name);
      } else comment = [];
    }
  }
  return schemas;
}

function closed({ kind, doc, properties, values, choice }: { kind: string; doc: string; properties: Record<string, JsonSchema>; values: string[]; choice: string[] }): JsonSchema {
  if (kind === 'enum') return described({ type: 'string', enum: values }, doc);
  return described({ type: 'object', properties, ...(choice.length > 0 && { oneOf: choice.map((name) => ({ required: [name] })) }) }, doc);
}

function fieldSchema([, repeated, value, single]: RegExpExecArray): JsonSchema {
  const of = (name: string): JsonSchema => SCALARS[name] ?? { $ref: `#/components/schemas/${name}` };
  if (value !== undefined) return { type: 'object', additionalProperties: of(value) };
  return repeated === undefined ? of(single!) : { type: 'array', items: of(single!) };
}

/** A reference takes nothing beside it. */
function described(schema: JsonSchema, description: string): JsonSchema {
  if (description === '') return schema;
  return '$ref' in schema ? { description, allOf: [schema] } : { ...schema, description };
}

function camel(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
