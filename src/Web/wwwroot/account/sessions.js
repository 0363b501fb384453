// Where the account is signed in.

import { request } from '../api.js';
import { byId, element, toast } from '../page.js';
import { fill, when } from './part.js';

const list = byId('session-list');
const endOthers = byId('end-others');

export function startSessions() {
  endOthers.onclick = () => end('/api/sessions', 'All other devices are signed out.');
  loadSessions();
}

export async function loadSessions() {
  const sessions = await fill(list, () => request('GET', '/api/sessions'), row, 'Nowhere.');
  endOthers.hidden = !(sessions?.length > 1);
}

function row({ id, device, createdAt, lastSeenAt, current }) {
  const text = element('p', {}, element('strong', {}, device || 'Unknown device'), current ? ' (this one)' : '',
    element('span', { className: 'hint' }, `Last used ${when(lastSeenAt ?? createdAt)}, signed in ${when(createdAt)}`));
  const button = current ? null : element('button', { type: 'button', 'aria-label': `Sign out ${device}, last used ${when(lastSeenAt ?? createdAt)}`, onclick: () => end(`/api/sessions/${encodeURIComponent(id)}`, `${device} is signed out.`) }, 'Sign out');
  return element('li', {}, text, button);
}

async function end(path, done) {
  try {
    await request('DELETE', path).catch(error => { if (error.status !== 404) throw error; });
    toast(done);
  } catch (error) {
    toast(error.message);
  }
  loadSessions();
}
