// Name, profile and portrait.

import { getTagged, request, uploadPhoto } from '../api.js';
import { onSubmit } from '../forms.js';
import { byId, toast } from '../page.js';

const pollEvery = 1500; // ms
const polls = 40;
const form = byId('profile-form');
let account;
let tag;

export function startProfile(loaded) {
  show(loaded);
  onSubmit(form, save);
  byId('avatar-file').onchange = event => {
    const [file] = event.target.files;
    event.target.value = '';
    if (file) changeAvatar(file);
  };
}

function show(loaded) {
  ({ body: account, tag } = loaded);
  form.elements.displayName.value = account.displayName;
  form.elements.bio.value = text(account.profile?.bio);
  form.elements.website.value = text(account.profile?.website);
  showAvatar();
}

const text = value => (typeof value === 'string' ? value : '');

function showAvatar() {
  const avatar = byId('avatar');
  avatar.hidden = !account.avatarUrl;
  if (account.avatarUrl) avatar.src = account.avatarUrl;
  byId('no-avatar').hidden = Boolean(account.avatarUrl);
  byId('no-avatar').textContent = (account.displayName || account.handle).slice(0, 1).toUpperCase();
}

/** A member is removed by null (RFC 7386); what this form does not know stays as it is. */
async function save({ displayName, bio, website }) {
  try {
    await request('PATCH', '/api/users/me', { displayName, profile: { bio: bio.trim() || null, website: website.trim() || null } }, tag && { 'If-Match': tag });
  } catch (error) {
    if (error.status === 412) error.message = 'The profile was changed elsewhere meanwhile. Load this page again to see it.';
    throw error;
  }
  show(await getTagged('/api/users/me'));
  toast('Your profile is saved.');
}

async function changeAvatar(file) {
  const state = byId('avatar-state');
  const before = account.avatarUrl;
  try {
    state.textContent = 'Sending …';
    const { id } = await uploadPhoto(file, { use: 'avatar' }, () => {}, new AbortController().signal);
    state.textContent = 'Being prepared …';
    state.textContent = await settled(id, before);
  } catch (error) {
    state.textContent = [error.message, ...(error.fields ?? []).map(([, reason]) => reason)].join(' ');
  }
  showAvatar();
}

/** Waits until the account shows the portrait, or the photo turns out to be none. */
async function settled(photoId, before) {
  for (let i = 0; i < polls; i++) {
    await new Promise(resolve => { setTimeout(resolve, pollEvery); });
    const fresh = await getTagged('/api/users/me');
    ({ body: account, tag } = fresh);
    if (account.avatarUrl && account.avatarUrl !== before) return 'This is your portrait now.';
    const photo = await request('GET', `/api/photos/${encodeURIComponent(photoId)}`).catch(() => null);
    if (photo?.state === 'rejected' || photo?.state === 'failed') return 'This file could not be made a portrait. Try another one.';
  }
  return 'It takes longer than usual. The portrait appears here when it is ready.';
}
