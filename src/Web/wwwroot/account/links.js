// Links from mails: `#reset=`, `#confirm=` and `#unsubscribe=` with a token. The token leaves the address at once, so that it stays in no history;
// and nothing happens before a button is pressed, because programs that scan mails open links too.

import { request } from '../api.js';
import { onSubmit } from '../forms.js';
import { byId, element } from '../page.js';

const kinds = {
  reset: {
    title: 'Choose a new password',
    text: 'It ends your sessions on all devices.',
    button: 'Set password',
    run: (token, { newPassword }) => request('POST', '/api/password-resets/complete', { token, newPassword }),
    done: 'Your new password is set.',
    next: ['/', 'Sign in with it'],
  },
  confirm: {
    title: 'Confirm your address',
    text: 'Your account uses the address to which the mail came from now on.',
    button: 'Confirm',
    run: token => request('POST', '/api/email-confirmations', { token }),
    done: 'The address is confirmed.',
    next: ['account.html', 'To your account'],
  },
  unsubscribe: {
    title: 'Fewer mails',
    text: 'You get no more mails of the kind that this link came with.',
    button: 'Unsubscribe',
    run: token => request('POST', '/api/mail/unsubscribe', { token }),
    done: 'You will get no more of these mails.',
    next: ['account.html#mail', 'Choose which mails you get'],
  },
};

/** Shows the link that the address is, if it is one. */
export function openLink() {
  const [name, ...rest] = location.hash.slice(1).split('=');
  const kind = Object.hasOwn(kinds, name) && rest.length > 0 ? kinds[name] : null;
  if (!kind) return false;
  const token = decode(rest.join('='));
  history.replaceState(null, '', location.pathname);

  const form = byId('link-form');
  byId('link-title').textContent = kind.title;
  byId('link-text').textContent = kind.text;
  byId('link-do').textContent = kind.button;
  byId('link-password').hidden = name !== 'reset';
  form.elements.newPassword.required = name === 'reset';
  form.hidden = false;
  byId('link-done').hidden = true;
  onSubmit(form, async values => {
    try {
      await kind.run(token, values);
    } catch (error) {
      // What is wrong with the token is beside no input.
      if (error.status === 404) error.message = 'This link is not valid, or not any more.';
      throw error;
    }
    form.reset();
    form.hidden = true;
    byId('link-done').replaceChildren(kind.done, ' ', element('a', { href: kind.next[0] }, kind.next[1]), '.');
    byId('link-done').hidden = false;
  });
  return true;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
