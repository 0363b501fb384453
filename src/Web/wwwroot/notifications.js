// The bell: what happened, newest first, and how much of it is unread. Without its service there is no bell.

import { request } from './api.js';
import { byId, element, reasonOf } from './page.js';

const limit = 20;
const most = 99; // shown beside the bell
const bell = byId('bell');
const panel = byId('notifications');
const list = byId('notification-list');
let items = [];
let session = 0; // answers that arrive after a sign-out belong to an older one
let openPhoto = () => {};

/** `open(photoId)` is called when a notification about a photo is chosen. */
export function startNotifications(open) {
  openPhoto = open;
  session++;
  return loadNotifications();
}

export function stopNotifications() {
  session++;
  bell.hidden = true;
  close();
}

export async function loadNotifications() {
  const mine = session;
  try {
    const page = await request('GET', `/api/notifications?limit=${limit}`);
    if (mine !== session) return;
    items = page.items;
    showCount(page.unread);
    if (!panel.hidden) draw();
  } catch {
    if (mine === session) bell.hidden = true;
  }
}

function showCount(unread) {
  bell.hidden = false;
  byId('bell-count').textContent = unread > most ? `${most}+` : unread || '';
  bell.setAttribute('aria-label', unread > 0 ? `Notifications, ${unread} unread` : 'Notifications');
}

function draw() {
  list.replaceChildren(...(items.length > 0 ? items.map(row) : [element('li', { className: 'hint' }, 'Nothing has happened yet.')]));
}

function row(item) {
  const about = item.data ?? item.payload ?? {};
  const time = element('time', { dateTime: item.at }, new Date(item.at).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }));
  const text = [element('span', {}, sentence(item.type, about)), time];
  const node = element('li', { className: item.readAt ? '' : 'unread' });
  node.append(...(about.photoId ? [element('button', { type: 'button', onclick: () => { close(); openPhoto(about.photoId); } }, ...text)] : text));
  return node;
}

function sentence(type, about) {
  if (type === 'followed') return `${about.displayName || about.handle || 'Somebody'} follows you.`;
  if (type === 'photo-rejected') return `A photo was not accepted. ${reasonOf(about)}`;
  if (type === 'photo-failed') return `A photo could not be prepared. ${reasonOf(about)}`;
  return type;
}

async function open() {
  panel.hidden = false;
  bell.setAttribute('aria-expanded', 'true');
  draw();
  const newest = items[0];
  if (!items.some(item => !item.readAt)) return;
  // They stay marked as new while the panel is open.
  await request('POST', '/api/notifications/read', { upTo: newest.id }).then(() => showCount(0), () => {});
}

function close() {
  if (panel.hidden) return;
  panel.hidden = true;
  bell.setAttribute('aria-expanded', 'false');
  items = items.map(item => ({ ...item, readAt: item.readAt ?? new Date().toISOString() }));
}

bell.onclick = () => (panel.hidden ? open() : close());
document.addEventListener('click', event => { if (!event.target.closest('#notifications, #bell')) close(); });
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || panel.hidden) return;
  close();
  bell.focus();
});
