// Shows a schema as a list of properties; what lies inside opens on demand.

import { element } from '../page.js';
import { isNullable, refName, resolve, typeOf } from './spec.js';

/** The properties of a schema (or of a list's items), or null when it has none. */
export function schemaList(node, outer = []) {
  const inner = itemOf(node);
  const name = refName(inner);
  if (name && outer.includes(name)) return null;
  const schema = resolve(inner);
  const path = name ? [...outer, name] : outer;
  const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => property(key, value, schema.required?.includes(key), path));
  if (rows.length === 0 && schema.additionalProperties?.type) rows.push(property('any name', schema.additionalProperties, false, path));
  return rows.length > 0 ? element('ul', { className: 'schema' }, ...rows) : null;
}

/** What a list, or a choice of something and nothing, is about. */
function itemOf(node) {
  const schema = resolve(node);
  if ([schema.type ?? []].flat().includes('array')) return itemOf(schema.items);
  const choice = (schema.oneOf ?? schema.anyOf)?.find(one => one.type !== 'null');
  return choice ? itemOf(choice) : node;
}

function property(name, node, required, path) {
  const schema = resolve(node);
  const head = [
    element('code', { className: 'name' }, name),
    element('span', { className: 'type' }, typeOf(node) + (isNullable(node) ? ' or null' : '')),
    required ? null : element('span', { className: 'hint' }, '· optional'),
  ];
  const about = schema.description && element('p', { className: 'hint' }, schema.description);
  const values = schema.enum && element('p', { className: 'hint' }, `One of ${schema.enum.map(value => JSON.stringify(value)).join(', ')}`);
  const inside = schemaList(node, path);
  if (!inside) return element('li', {}, element('p', {}, ...head.flatMap(part => (part ? [part, ' '] : []))), about, values);
  return element('li', {}, element('details', {}, element('summary', {}, ...head.flatMap(part => (part ? [part, ' '] : []))), inside), about);
}
