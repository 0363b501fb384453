// Reads an OpenAPI 3.1 document: references, operations, sample values.

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];
const depthLimit = 6; // of samples; schemas may contain themselves

let spec = {};

export async function loadSpec() {
  const response = await fetch('/api/openapi.json');
  if (!response.ok) throw new Error(`The description of the API cannot be read at the moment (${response.status}).`);
  spec = await response.json();
  return spec;
}

/** What a `{ $ref }` stands for, or the thing itself. */
export function resolve(node) {
  if (!node?.$ref) return node ?? {};
  const target = node.$ref.slice(2).split('/').reduce((part, name) => part?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], spec);
  return target ? { ...target, ...(node.description && { description: node.description }) } : {};
}

/** The name of a referenced schema: `PhotoResponse`. */
export const refName = node => node?.$ref?.split('/').at(-1) ?? '';

/** All operations: `{ method, path, id, tag, summary, ... }`, in the document's order of tags. */
export function operations() {
  const all = Object.entries(spec.paths ?? {}).flatMap(([path, item]) =>
    methods.filter(method => item[method]).map(method => ({
      ...item[method],
      method,
      path,
      id: item[method].operationId ?? `${method}${path}`,
      tag: item[method].tags?.[0] ?? 'Other',
      parameters: [...(item.parameters ?? []), ...(item[method].parameters ?? [])].map(resolve),
      needsUser: (item[method].security ?? []).length > 0,
    })));
  const order = path => path.replaceAll(/[{}]/g, '');
  return all.sort((a, b) => a.tag.localeCompare(b.tag) || order(a.path).localeCompare(order(b.path)) || methods.indexOf(a.method) - methods.indexOf(b.method));
}

/** The type in words, nullable or not: `string (uuid)`, `list of PhotoResponse`. */
export function typeOf(node) {
  const schema = resolve(node);
  const types = [schema.type ?? []].flat().filter(type => type !== 'null');
  if (schema.oneOf ?? schema.anyOf) {
    const choices = (schema.oneOf ?? schema.anyOf).filter(choice => choice.type !== 'null');
    return choices.map(typeOf).join(' or ');
  }
  if (types.includes('array')) return `list of ${typeOf(schema.items)}`;
  if (types.includes('object') && refName(node)) return refName(node);
  if (schema.format === 'binary') return 'bytes';
  return `${types.join(' or ') || 'anything'}${schema.format && !/^(u?int|float|double)/.test(schema.format) ? ` (${schema.format})` : ''}`;
}

export const isNullable = node => {
  const schema = resolve(node);
  return [schema.type ?? []].flat().includes('null') || (schema.oneOf ?? schema.anyOf ?? []).some(choice => choice.type === 'null');
};

/** An example value. */
export function sample(node, name = '', depth = 0) {
  const schema = resolve(node);
  if (schema.example !== undefined) return schema.example;
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  const choice = (schema.oneOf ?? schema.anyOf)?.find(one => one.type !== 'null');
  if (choice) return sample(choice, name, depth);
  const type = [schema.type ?? []].flat().find(one => one !== 'null');
  if (!type || type === 'object') {
    if (depth >= depthLimit) return {};
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, value]) => [key, sample(value, key, depth + 1)]));
  }
  if (type === 'array') return depth >= depthLimit ? [] : [sample(schema.items, name, depth + 1)];
  if (type === 'integer' || type === 'number') return 0;
  if (type === 'boolean') return false;
  if (schema.format === 'date-time') return new Date(0).toISOString();
  if (schema.format === 'uuid') return '00000000-0000-0000-0000-000000000000';
  return /e-?mail/i.test(name) ? 'ada@example.org' : '';
}
