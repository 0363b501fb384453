// One operation, opened: what it takes, what it answers, and a form to try it.

import { element } from '../page.js';
import { schemaList } from './schema.js';
import { resolve, typeOf } from './spec.js';
import { tryForm } from './tryit.js';

export function describe(operation) {
  return element('div', { className: 'body' },
    element('div', { className: 'reference' },
      operation.description && element('p', {}, operation.description),
      element('p', { className: 'hint' }, operation.needsUser ? 'For signed-in users.' : 'For everybody.'),
      parameters(operation),
      body(operation),
      answers(operation)),
    tryForm(operation));
}

function parameters({ parameters: list }) {
  if (list.length === 0) return null;
  return block('Parameters', element('ul', { className: 'schema' }, ...list.map(parameter => element('li', {},
    element('p', {}, element('code', { className: 'name' }, parameter.name), ' ', element('span', { className: 'type' }, `${typeOf(parameter.schema)}, ${places[parameter.in] ?? parameter.in}`), ' ',
      parameter.required ? null : element('span', { className: 'hint' }, '· optional')),
    parameter.description && element('p', { className: 'hint' }, parameter.description)))));
}

const places = { path: 'in the path', query: 'in the query', header: 'header', cookie: 'cookie' };

function body({ requestBody }) {
  const kinds = Object.entries(resolve(requestBody).content ?? {});
  if (kinds.length === 0) return null;
  return block('Body', ...byContent(kinds).map(({ names, schema }) => content(names, schema)));
}

/** Media types with the same schema are one entry. */
function byContent(kinds) {
  const groups = Map.groupBy(kinds, ([, media]) => (resolve(media.schema).format === 'binary' ? 'bytes' : JSON.stringify(media.schema ?? null)));
  return [...groups.values()].map(group => ({ names: group.map(([name]) => name), schema: group[0][1].schema }));
}

function content(names, schema) {
  return element('div', { className: 'content' },
    element('p', {}, element('code', {}, names.join(', ')), ' ', element('span', { className: 'type' }, schema ? typeOf(schema) : '')),
    schema && schemaList(schema));
}

const digits = status => (/^\d/.test(status) ? status : '9');

function answers({ responses }) {
  const list = Object.entries(responses ?? {}).sort(([a], [b]) => digits(a).localeCompare(digits(b)));
  if (list.length === 0) return null;
  return block('Answers', ...list.map(([status, node]) => answer(status, resolve(node))));
}

function answer(status, response) {
  const kinds = byContent(Object.entries(response.content ?? {}));
  const headers = Object.entries(response.headers ?? {}).map(([name, header]) => element('li', {},
    element('p', {}, element('code', { className: 'name' }, name), ' ', element('span', { className: 'type' }, 'header')),
    resolve(header).description && element('p', { className: 'hint' }, resolve(header).description)));
  const label = [
    element('span', { className: 'status', 'data-class': status[0] }, status === 'default' ? 'else' : status), ' ',
    element('span', {}, response.description ?? ''), ' ',
  ];
  if (kinds.length + headers.length === 0) return element('p', { className: 'answer' }, ...label);
  return element('details', { className: 'answer', open: status[0] === '2' }, element('summary', {}, ...label),
    headers.length > 0 ? element('ul', { className: 'schema' }, ...headers) : null,
    ...kinds.map(({ names, schema }) => content(names, schema)));
}

function block(title, ...children) {
  return element('section', { className: 'block' }, element('h3', {}, title), ...children);
}
