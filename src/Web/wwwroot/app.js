// The page: who is signed in, and which of the two views is shown.

import { me, onSignedOut, signIn, signOut, signUp } from './api.js';
import { startEvents, stopEvents } from './events.js';
import { clearGallery, refresh, removePhoto, startGallery, synchronize } from './gallery.js';
import { byId, element, notice, toast } from './page.js';
import { startUploads, stopUploads } from './uploads.js';
import { closeViewer, openViewer, photoChanged } from './viewer.js';

let user = null;

function show(nextUser) {
  const wasSignedIn = user !== null;
  user = nextUser;
  byId('welcome').hidden = user !== null;
  byId('library').hidden = byId('account').hidden = user === null;
  if (user) {
    byId('account-name').textContent = user.displayName || user.handle;
    startUploads();
    startGallery(openViewer, photoChanged);
    startEvents(synchronize, (kind, id) => (kind === 'photo-deleted' ? removePhoto(id) : refresh(id)));
  } else if (wasSignedIn) {
    stopEvents();
    stopUploads();
    closeViewer();
    clearGallery();
    choose('sign-in');
  }
}

onSignedOut(() => {
  if (user) notice('You have been signed out. Sign in again to go on.');
  show(null);
});

async function start() {
  try {
    show(await me());
  } catch (error) {
    if (error.status === 401) return;
    show(null);
    notice(error.message);
  }
}

/** Shows the form `sign-in` or `sign-up`. */
function choose(name) {
  for (const form of ['sign-in', 'sign-up']) {
    byId(form).hidden = form !== name;
    byId(`show-${form}`).setAttribute('aria-pressed', form === name);
  }
}

function showErrors(form, error) {
  const general = form.querySelector('[role=alert]');
  for (const input of form.querySelectorAll('input')) {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-describedby');
    byId(`${form.id}-${input.name}-error`)?.remove();
  }
  general.hidden = true;
  if (!error) return;

  let first = null;
  for (const [name, reason] of error.fields ?? []) {
    const input = [...form.querySelectorAll('input')].find(candidate => candidate.name.toLowerCase() === name);
    if (!input) continue;
    const id = `${form.id}-${input.name}-error`;
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', id);
    input.closest('label').after(element('p', { id, className: 'error' }, reason));
    first ??= input;
  }
  if (first) {
    first.focus();
  } else {
    general.textContent = error.message;
    general.hidden = false;
  }
}

/** Runs a form's action while its button is off; what goes wrong is shown beside the inputs. */
function onSubmit(form, action) {
  form.onsubmit = async event => {
    event.preventDefault();
    const button = form.querySelector('[type=submit]');
    button.disabled = true;
    showErrors(form, null);
    try {
      await action(Object.fromEntries(new FormData(form)));
    } catch (error) {
      showErrors(form, error);
    } finally {
      button.disabled = false;
    }
  };
}

async function enter(session) {
  notice(session.notice);
  show(await me());
  for (const form of [byId('sign-in'), byId('sign-up')]) form.reset();
}

onSubmit(byId('sign-in'), async credentials => enter(await signIn(credentials)));

onSubmit(byId('sign-up'), async account => {
  await signUp(account);
  let session;
  try {
    session = await signIn({ email: account.email, password: account.password });
  } catch (error) {
    if (error.status !== 401) throw error;
    // The address may belong to an account already; only its owner is told, by mail.
    choose('sign-in');
    notice('Your request has arrived. If you cannot sign in, look into your mail.');
    return;
  }
  await enter(session);
});

byId('show-sign-in').onclick = () => choose('sign-in');
byId('show-sign-up').onclick = () => choose('sign-up');
byId('sign-out').onclick = async () => {
  try {
    await signOut();
  } catch (error) {
    if (error.status !== 401) return toast(error.message);
  }
  show(null);
  notice(null);
};

start();
