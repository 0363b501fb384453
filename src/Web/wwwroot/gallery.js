// The grid of one's own photos, newest first: pages by cursor, one tile per photo, changed in place.

import { getPhoto, listPhotos } from './api.js';
import { blurHashCanvas } from './blurhash.js';
import { announce, byId, element, nameOf, reasonOf, toast } from './page.js';

const pageSize = 48;
const retryAfter = 3000; // ms, when an answer about a change failed to come
const grid = byId('grid');
const more = byId('more');

/** What a state is called on the page. */
export const states = {
  pending: 'Being prepared',
  ready: 'Ready',
  rejected: 'Not accepted',
  failed: 'Could not be prepared',
};

let photos = new Map(); // id -> photo
let tiles = new Map(); // id -> list item
let cursor; // undefined before the first page, null after the last
let loading = null;
let session = 0; // answers that arrive after a sign-out belong to an older one
let openPhoto = () => {};
let onChanged = () => {};

/** `open(id)` is called when a tile is chosen, `changed(id)` when a photo has changed or is gone. */
export function startGallery(open, changed) {
  openPhoto = open;
  onChanged = changed;
  clearGallery();
  return loadMore();
}

export function clearGallery() {
  session++;
  photos = new Map();
  tiles = new Map();
  cursor = undefined;
  loading = null;
  grid.replaceChildren();
  more.hidden = byId('empty').hidden = true;
}

export const photo = id => photos.get(id);

/** The id of the photo STEP places after (or before) this one, loading the next page when it is needed; undefined at the ends. */
export async function neighbour(id, step) {
  const ids = () => [...grid.children].map(item => item.dataset.photoId).filter(Boolean);
  const place = ids().indexOf(id) + step;
  if (place >= ids().length && cursor) await loadMore();
  return ids()[place];
}

export function loadMore() {
  loading ??= loadPage().finally(() => { loading = null; });
  return loading;
}

async function loadPage() {
  if (cursor === null) return;
  const mine = session;
  try {
    const page = await listPhotos(cursor, pageSize);
    if (mine !== session) return;
    cursor = page.next;
    page.items.forEach(showPhoto);
    more.textContent = 'Show more';
    observeMore();
  } catch (error) {
    if (mine !== session) return;
    if (error.status !== 401) toast(error.message);
    more.textContent = 'Try again';
  }
  more.hidden = cursor === null;
  showEmpty();
}

/** Fetches the newest page and every unfinished photo again: after a gap in the event stream. */
export async function synchronize() {
  const mine = session;
  try {
    const page = await listPhotos(undefined, pageSize);
    if (mine !== session) return;
    page.items.forEach(showPhoto);
    const seen = new Set(page.items.map(item => item.id));
    const unfinished = [...photos.values()].filter(item => item.state === 'pending' && !seen.has(item.id));
    await Promise.all(unfinished.map(item => refresh(item.id)));
  } catch (error) {
    retry(error, mine, synchronize);
  }
}

function retry(error, mine, action) {
  if (error.isTransient) setTimeout(() => { if (mine === session) action(); }, retryAfter);
}

/** Fetches one photo again, after an event about it. */
export async function refresh(id) {
  const mine = session;
  try {
    const fresh = await getPhoto(id);
    if (mine === session) showPhoto(fresh);
  } catch (error) {
    if (mine === session && error.status === 404) removePhoto(id);
    else retry(error, mine, () => refresh(id));
  }
}

export function removePhoto(id) {
  tiles.get(id)?.remove();
  tiles.delete(id);
  if (photos.delete(id)) onChanged(id);
  showEmpty();
}

/** A failed photo is being prepared once more. */
export function restart(id) {
  const known = photos.get(id);
  if (!known) return;
  const pending = { ...known, state: 'pending', reason: null };
  photos.set(id, pending);
  drawTile(tiles.get(id), pending);
  onChanged(id);
}

/** Shows a photo, new or changed. A finished photo never turns back to pending, whatever order answers arrive in. */
export function showPhoto(fresh) {
  const known = photos.get(fresh.id);
  if (known && known.state !== 'pending' && fresh.state === 'pending') return;
  if (!known && isOnLaterPage(fresh)) return;
  photos.set(fresh.id, fresh);
  const tile = tiles.get(fresh.id) ?? newTile(fresh);
  // With the visibility, the addresses of its renditions change.
  if (!known || known.state !== fresh.state || known.title !== fresh.title || known.visibility !== fresh.visibility) drawTile(tile, fresh);
  if (known?.state === 'pending' && fresh.state !== 'pending') {
    announce(`${nameOf(fresh)}: ${reasonOf(fresh) || states[fresh.state] || fresh.state}`);
  }
  if (known) onChanged(fresh.id);
  showEmpty();
}

const time = item => Date.parse(item.createdAt);

function isOnLaterPage(item) {
  return cursor && !loading && time(item) < Math.min(...[...photos.values()].map(time));
}

function newTile(item, tile = element('li', { className: 'tile' })) {
  tile.dataset.photoId = item.id;
  tiles.set(item.id, tile);
  if (!tile.isConnected) {
    const older = [...grid.children].find(other => photos.has(other.dataset.photoId) && other !== tile && time(photos.get(other.dataset.photoId)) < time(item));
    grid.insertBefore(tile, older ?? null);
  }
  return tile;
}

/** Puts the tile of a finished upload into the service of its photo; its preview stays until the thumb is there. */
export function adoptTile(tile, item) {
  if (tiles.has(item.id)) {
    tile.remove();
  } else {
    newTile(item, tile);
    showPhoto(item);
  }
}

/** A tile in front of all others, for an upload. */
export function addTile() {
  const tile = element('li', { className: 'tile' });
  grid.prepend(tile);
  showEmpty();
  return tile;
}

function drawTile(tile, item) {
  tile.dataset.state = item.state;
  const preview = tile.querySelector('canvas') ?? blurHashCanvas(item.placeholder);
  const thumb = item.renditions?.find(rendition => rendition.name === 'thumb');
  const button = element('button', { type: 'button', className: 'open', onclick: () => openPhoto(item.id) });
  if (preview) button.append(preview);
  if (thumb) {
    const image = element('img', { alt: nameOf(item), width: thumb.width, height: thumb.height, loading: 'lazy', decoding: 'async', src: thumb.url });
    image.onload = () => image.classList.add('loaded');
    button.append(image);
  } else {
    button.append(element('span', { className: 'visually-hidden' }, nameOf(item)));
  }
  if (item.state !== 'ready') {
    button.append(element('span', { className: 'state' }, element('strong', {}, states[item.state] ?? item.state), reasonOf(item) && element('span', {}, reasonOf(item))));
  }
  const hadFocus = tile.contains(document.activeElement);
  if ('chosen' in tile.dataset) button.setAttribute('aria-pressed', 'true');
  tile.replaceChildren(button);
  if (hadFocus) button.focus({ preventScroll: true });
}

export function showEmpty() {
  byId('empty').hidden = grid.childElementCount > 0 || cursor === undefined;
  byId('select').hidden = photos.size === 0;
}

more.onclick = loadMore;
const nearEnd = new IntersectionObserver(entries => { if (cursor && entries.some(entry => entry.isIntersecting)) loadMore(); }, { rootMargin: '600px' });

/** Observed anew after each page, because one page may not fill the window. */
function observeMore() {
  nearEnd.unobserve(more);
  nearEnd.observe(more);
}
