// Exports of everything that is kept of the user.

import { request } from '../api.js';
import { byId, bytes, element, toast } from '../page.js';
import { fill, when } from './part.js';

const path = '/api/users/me/exports';
const lookEvery = 5000; // ms, while one is being collected
const states = { ready: 'Ready', failed: 'Could not be collected', expired: 'No longer kept' };
const list = byId('export-list');
let timer;

export function startExports() {
  byId('ask-export').onclick = async event => {
    event.target.disabled = true;
    try {
      await request('POST', path);
      toast('Your data is being collected. A mail tells you when it is ready.');
    } catch (error) {
      toast(error.status === 404 ? 'This is not available at the moment. Try again later.' : error.message);
    }
    event.target.disabled = false;
    load();
  };
  load();
}

async function load() {
  clearTimeout(timer);
  const exports = await fill(list, () => request('GET', path), row, 'You have not asked for your data yet.');
  if (exports?.some(isPending)) timer = setTimeout(load, lookEvery);
}

const isPending = ({ state }) => !(state in states);

function row({ id, state, createdAt, expiresAt, bytes: size }) {
  const facts = [states[state] ?? 'Being collected', `asked for ${when(createdAt)}`, state === 'ready' && size && bytes(size), state === 'ready' && expiresAt && `kept until ${when(expiresAt)}`];
  return element('li', {}, element('p', {}, facts.filter(Boolean).join(', ')),
    state === 'ready' ? element('a', { className: 'button', href: `${path}/${encodeURIComponent(id)}/file`, download: '' }, 'Download') : null);
}
