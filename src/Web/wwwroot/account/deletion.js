// The end of the account.

import { ApiError, request } from '../api.js';
import { onSubmit } from '../forms.js';
import { byId } from '../page.js';

export function startDeletion(account) {
  byId('delete-handle').textContent = account.handle;
  onSubmit(byId('delete-form'), async ({ handle, password }) => {
    if (handle.trim().toLowerCase() !== account.handle) throw new ApiError(400, { title: 'This is not your handle.', errors: { handle: ['Type your handle exactly to confirm.'] } });
    await request('DELETE', '/api/users/me', { password });
    location.replace('/');
  });
}
