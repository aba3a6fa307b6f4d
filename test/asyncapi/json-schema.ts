/** JSON Schemas of messages, from the compiled .proto files: field names and comments are theirs. */
import { fromBinary } from '@bufbuild/protobuf';
import { FieldDescriptorProto_Label, FieldDescriptorProto_Type as Type, FileDescriptorSetSchema, type DescriptorProto, type FieldDescriptorProto, type FileDescriptorProto } from '@bufbuild/protobuf/wkt';

export type JsonSchema = Readonly<Record<string, unknown>>;

const MESSAGE = 4;
const FIELD = 2;
const ENUM = 5;
const INTEGERS: ReadonlySet<Type> = new Set([Type.INT32, Type.INT64, Type.UINT32, Type.UINT64, Type.SINT32, Type.SINT64, Type.FIXED32, Type.FIXED64, Type.SFIXED32, Type.SFIXED64]);

/**
 * By name without package. Writers leave out fields that have their default value; readers take numbers written as text as well.
 *
 * @param compiled a `google.protobuf.FileDescriptorSet` with source information, as `buf build` writes it
 */
export function jsonSchemasOf(compiled: Uint8Array): Readonly<Record<string, JsonSchema>> {
  const schemas: Record<string, JsonSchema> = {};
  for (const file of fromBinary(FileDescriptorSetSchema, compiled).file) {
    if (file.package === 'google.protobuf') continue;
    file.messageType.forEach((message, i) => { schemas[message.name] = ofMessage(file, message, [MESSAGE, i]); });
    file.enumType.forEach((each, i) => { schemas[each.name] = { type: 'string', enum: each.value.map(({ name }) => name), ...described(file, [ENUM, i]) }; });
  }
  return schemas;
}

function ofMessage(file: FileDescriptorProto, message: DescriptorProto, path: readonly number[]): JsonSchema {
  const properties = Object.fromEntries(message.field.map((field, i) => [field.jsonName, ofField(file, message, field, [...path, FIELD, i])]));
  const oneOf = message.oneofDecl.map(({ name }, i) => `One of ${message.field.filter(({ oneofIndex, proto3Optional }) => oneofIndex === i && !proto3Optional).map(({ jsonName }) => jsonName).join(', ')} (${name}).`);
  const about = described(file, path);
  return { type: 'object', ...about, ...(oneOf.length > 0 && { description: [about.description, ...oneOf].filter(Boolean).join(' ') }), properties };
}

function ofField(file: FileDescriptorProto, message: DescriptorProto, field: FieldDescriptorProto, path: readonly number[]): JsonSchema {
  const about = described(file, path);
  const entry = message.nestedType.find(({ name, options }) => options?.mapEntry === true && field.typeName.endsWith(`.${message.name}.${name}`));
  if (entry) return { ...about, type: 'object', additionalProperties: typeOf(entry.field[1]!) };
  const type = typeOf(field);
  if (field.label === FieldDescriptorProto_Label.REPEATED) return { ...about, type: 'array', items: type };
  // Beside a reference nothing else counts in older readers of JSON Schema.
  return '$ref' in type && about.description !== undefined ? { ...about, allOf: [type] } : { ...about, ...type };
}

function typeOf({ type, typeName }: FieldDescriptorProto): JsonSchema {
  if (type === Type.MESSAGE || type === Type.ENUM) return { $ref: `#/components/schemas/${typeName.slice(typeName.lastIndexOf('.') + 1)}` };
  if (type === Type.STRING) return { type: 'string' };
  if (type === Type.BOOL) return { type: 'boolean' };
  if (type === Type.BYTES) return { type: 'string', contentEncoding: 'base64' };
  return { type: INTEGERS.has(type) ? 'integer' : 'number' };
}

/** The comment before it, in one line. */
function described(file: FileDescriptorProto, path: readonly number[]): { description?: string } {
  const comment = file.sourceCodeInfo?.location.find((each) => each.path.join() === path.join())?.leadingComments.trim().replace(/\s*\n\s*/g, ' ');
  return comment ? { description: comment } : {};
}
