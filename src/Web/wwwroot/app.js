// The page: who is signed in, and which of the two views is shown.

import { me, onSignedOut, request, signIn, signOut, signUp } from './api.js';
import { startEvents, stopEvents } from './events.js';
import { onSubmit } from './forms.js';
import { clearGallery, refresh, removePhoto, startGallery, synchronize } from './gallery.js';
import { loadNotifications, startNotifications, stopNotifications } from './notifications.js';
import { byId, notice, toast } from './page.js';
import { endSelection } from './selection.js';
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
    startNotifications(openFromElsewhere);
    startEvents(() => {
      synchronize();
      loadNotifications();
    }, (kind, id) => {
      if (kind === 'notification') loadNotifications();
      else if (kind === 'photo-deleted') removePhoto(id);
      else refresh(id);
    });
  } else if (wasSignedIn) {
    stopEvents();
    stopUploads();
    stopNotifications();
    endSelection();
    closeViewer();
    clearGallery();
    choose('sign-in');
  }
}

/** A photo that may lie on a later page. */
async function openFromElsewhere(id) {
  await refresh(id);
  if (!openViewer(id)) toast('This photo is further down, or gone.');
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

/** Shows the form `sign-in`, `sign-up` or `forgot`. */
function choose(name) {
  for (const form of ['sign-in', 'sign-up', 'forgot']) {
    byId(form).hidden = form !== name;
    byId(`show-${form}`).setAttribute('aria-pressed', form === name);
  }
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

// The same is said of every address: who has an account is nobody's business.
onSubmit(byId('forgot'), async ({ email }) => {
  await request('POST', '/api/password-resets', { email });
  choose('sign-in');
  notice(`If ${email} belongs to an account, a mail is on its way to it.`);
});

byId('show-forgot').onclick = () => {
  byId('forgot').elements.email.value = byId('sign-in').elements.email.value;
  choose('forgot');
  byId('forgot').elements.email.focus();
};
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
