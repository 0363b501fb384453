// The page that shows what the API offers: operations by resource, a search, and one operation opened by its address.

import { me } from '../api.js';
import { byId, element, notice } from '../page.js';
import { describe } from './operation.js';
import { loadSpec, operations } from './spec.js';

const words = operation => [operation.method, operation.path, operation.tag, operation.id, operation.summary, operation.description].join(' ').toLowerCase();

function show(spec) {
  byId('about').textContent = (spec.info?.description ?? '').replaceAll('`', '');
  if (spec['x-unavailable']) notice(`Some of it may be missing here: ${spec['x-unavailable'].join(', ')} cannot be asked at the moment.`);
  const byTag = Map.groupBy(operations(), operation => operation.tag);
  byId('tags').append(element('ul', {}, ...[...byTag.keys()].map(tag => element('li', {}, element('a', { href: `#${anchor(tag)}` }, tag)))));
  byId('operations').append(...[...byTag].map(([tag, list]) =>
    element('section', { 'aria-labelledby': anchor(tag) }, element('h2', { id: anchor(tag), tabIndex: -1 }, tag), ...list.map(card))));
}

const anchor = tag => `tag-${tag.toLowerCase().replaceAll(/\W+/g, '-')}`;

function card(operation) {
  const node = element('details', { id: operation.id, className: 'operation' },
    element('summary', {},
      element('span', { className: 'method', 'data-method': operation.method }, operation.method.toUpperCase()),
      element('span', { className: 'what' },
        element('code', {}, ...operation.path.split(/(?<=\/)/).flatMap(part => [part, element('wbr')])),
        element('span', { className: 'line' }, operation.summary ?? ''))));
  node.dataset.words = words(operation);
  node.ontoggle = () => {
    if (!node.open) return;
    if (node.childElementCount === 1) node.append(describe(operation));
    history.replaceState(null, '', `#${encodeURIComponent(operation.id)}`);
  };
  return node;
}

function search() {
  const wanted = byId('search').value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const section of byId('operations').children) {
    let inSection = 0;
    for (const node of section.querySelectorAll('.operation')) {
      node.hidden = !wanted.every(word => node.dataset.words.includes(word));
      if (!node.hidden) inSection++;
    }
    section.hidden = inSection === 0;
    count += inSection;
  }
  byId('found').textContent = wanted.length > 0 ? `${count} found` : '';
}

/** Opens the operation that the address names. */
function openNamed() {
  const node = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(node instanceof HTMLDetailsElement)) return;
  node.open = true;
  node.scrollIntoView({ block: 'start' });
}

async function showCaller() {
  const node = byId('caller');
  try {
    const user = await me();
    node.replaceChildren('You are signed in as ', element('strong', {}, user.displayName || user.handle), '; what you try here is done in your name.');
  } catch (error) {
    const signIn = element('a', { href: '/' }, 'Sign in');
    if (error.status === 401) node.replaceChildren(signIn, ' to try what needs an account. You come back to this page by its address.');
    else node.textContent = error.message;
  }
}

byId('search').oninput = search;
byId('search-form').onsubmit = event => {
  event.preventDefault();
  byId('operations').querySelector('.operation:not([hidden]) summary')?.focus();
};
document.addEventListener('keydown', event => {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.target.closest('input, textarea, select')) return;
  event.preventDefault();
  byId('search').focus();
});
window.addEventListener('hashchange', openNamed);

try {
  show(await loadSpec());
  search();
  openNamed();
} catch (error) {
  notice(error instanceof TypeError ? 'The server cannot be reached.' : error.message);
}
showCaller();
