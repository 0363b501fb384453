// The account page: a link from a mail, or the settings of who is signed in.

import { getTagged, onSignedOut } from '../api.js';
import { byId } from '../page.js';
import { startAddress, startPassword } from './credentials.js';
import { startDeletion } from './deletion.js';
import { startExports } from './exports.js';
import { openLink } from './links.js';
import { startMails } from './mails.js';
import { startProfile } from './profile.js';
import { startSessions } from './sessions.js';

function show(view) {
  for (const id of ['link', 'sign-in-first', 'settings']) byId(id).hidden = id !== view;
}

async function start() {
  if (openLink()) return show('link');
  onSignedOut(() => show('sign-in-first'));
  let account;
  try {
    account = await getTagged('/api/users/me');
  } catch (error) {
    show('sign-in-first');
    if (error.status !== 401) byId('sign-in-first').querySelector('p').textContent = `${error.message} Try again in a moment.`;
    return;
  }
  show('settings');
  startProfile(account);
  startAddress(account.body);
  startPassword();
  startSessions();
  startMails();
  startExports();
  startDeletion(account.body);
  // A mail may point to one section.
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

window.addEventListener('hashchange', () => {
  if (openLink()) show('link');
  else if (!byId('link').hidden) location.reload();
});
start();
