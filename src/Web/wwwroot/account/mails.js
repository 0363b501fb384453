// Which mails come.

import { request } from '../api.js';
import { onSubmit } from '../forms.js';
import { byId, element, toast } from '../page.js';
import { reasonFor } from './part.js';

const path = '/api/notifications/mail-preferences';
const form = byId('mail-form');
const kinds = ['followed', 'photoProblems'];

export async function startMails() {
  try {
    const wanted = await request('GET', path);
    for (const kind of kinds) form.elements[kind].checked = wanted[kind];
  } catch (error) {
    if (error.status !== 401) form.replaceChildren(element('p', { className: 'error' }, reasonFor(error)));
    return;
  }
  onSubmit(form, async () => {
    await request('PUT', path, Object.fromEntries(kinds.map(kind => [kind, form.elements[kind].checked])));
    toast('Your choice is saved.');
  });
}
