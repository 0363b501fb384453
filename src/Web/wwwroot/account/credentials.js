// The e-mail address and the password.

import { request } from '../api.js';
import { onSubmit } from '../forms.js';
import { byId, toast } from '../page.js';
import { loadSessions } from './sessions.js';

export function startAddress(account) {
  const form = byId('email-form');
  byId('email-now').textContent = account.email;
  onSubmit(form, async ({ email, password }) => {
    await request('POST', '/api/users/me/email', { email, password });
    form.reset();
    toast(`Look into the mailbox of ${email}: the address changes when you follow the link there.`);
  });
}

export function startPassword() {
  const form = byId('password-form');
  onSubmit(form, async ({ currentPassword, newPassword }) => {
    await request('PUT', '/api/users/me/password', { currentPassword, newPassword });
    form.reset();
    toast('Your new password is set. Other devices are signed out.');
    loadSessions();
  });
}
