// One photo, large: a dialog that follows the photo's state while it is open.

import { deletePhoto, retryPhoto } from './api.js';
import { blurHashCanvas } from './blurhash.js';
import { offerEdit } from './edit.js';
import { neighbour, photo, removePhoto, restart, states } from './gallery.js';
import { announce, byId, bytes, element, nameOf, reasonOf, toast } from './page.js';

const dialog = byId('viewer');
const stage = byId('viewer-stage');
const remove = byId('viewer-delete');
const audiences = { private: 'Only me', unlisted: 'Anyone with the link', public: 'Everyone' };

let shown = null; // id
let drawn = null; // the photo as it was drawn
let deleting = null; // id

/** False when the gallery does not have the photo. */
export function openViewer(id) {
  if (!show(id)) return false;
  // While a modal dialog is open, only what is inside it is seen and spoken.
  dialog.append(byId('announcer'), byId('toast'));
  dialog.showModal();
  return true;
}

export function closeViewer() {
  dialog.close();
}

/** Follows a change of a photo: draws it again if it is the one shown, closes when it is gone. */
export function photoChanged(id) {
  if (id !== shown || id === deleting) return;
  if (!photo(id)) dialog.close();
  else if (['state', 'title', 'description', 'visibility'].some(name => photo(id)[name] !== drawn[name])) show(id);
}

function show(id) {
  const item = photo(id);
  if (!item) return false;
  shown = id;
  drawn = item;
  resetDelete();
  byId('viewer-title').textContent = nameOf(item);
  byId('viewer-reason').textContent = reasonOf(item);
  byId('viewer-reason').hidden = !item.reason;
  byId('viewer-retry').hidden = item.state !== 'failed';
  byId('viewer-description').textContent = item.description ?? '';
  byId('viewer-description').hidden = !item.description;
  offerEdit(item);
  const sizes = (item.renditions ?? []).filter(rendition => rendition.name !== 'thumb').sort((a, b) => a.width - b.width);
  const largest = sizes.at(-1);
  showFacts({
    State: states[item.state] ?? item.state,
    Size: item.width && `${item.width} × ${item.height} pixels`,
    File: largest && bytes(largest.bytes),
    Added: new Date(item.createdAt).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' }),
    'Visible to': audiences[item.visibility],
  });
  stage.replaceChildren(largest ? frame(item, sizes, largest) : element('p', {}, states[item.state] ?? item.state));
  showEnds(id);
  return true;
}

function frame(item, sizes, largest) {
  const box = element('div', { className: 'frame' });
  box.style.setProperty('--ratio', largest.width / largest.height);
  box.style.setProperty('--width', `${largest.width}px`);
  const image = element('img', {
    alt: nameOf(item),
    width: largest.width,
    height: largest.height,
    sizes: '(min-width: 60rem) calc(100vw - 20rem), 100vw',
    srcset: sizes.map(rendition => `${rendition.url} ${rendition.width}w`).join(', '),
  });
  image.onload = () => image.classList.add('loaded');
  image.onerror = () => stage.replaceChildren(element('p', {}, 'The photo cannot be loaded at the moment.'));
  const placeholder = blurHashCanvas(item.placeholder);
  if (placeholder) box.append(placeholder);
  box.append(image);
  return box;
}

function showFacts(facts) {
  const rows = Object.entries(facts).filter(([, value]) => value);
  byId('viewer-facts').replaceChildren(...rows.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
}

async function showEnds(id) {
  const [previous, next] = await Promise.all([neighbour(id, -1), neighbour(id, 1)]);
  if (id !== shown) return;
  byId('viewer-previous').disabled = !previous;
  byId('viewer-next').disabled = !next;
}

async function step(by) {
  const id = await neighbour(shown, by);
  if (id && dialog.open && show(id)) announce(nameOf(photo(id)));
}

/** The first press asks, the second deletes. */
async function pressDelete() {
  if (remove.dataset.sure !== 'yes') {
    remove.dataset.sure = 'yes';
    remove.textContent = 'Really delete';
    return;
  }
  const id = shown;
  const after = (await neighbour(id, 1)) ?? (await neighbour(id, -1));
  remove.disabled = true;
  deleting = id; // its event may come before the answer
  try {
    await deletePhoto(id).catch(error => { if (error.status !== 404) throw error; });
    removePhoto(id);
  } catch (error) {
    resetDelete();
    if (error.status !== 401) toast(error.message);
    return;
  } finally {
    deleting = null;
  }
  if (shown === id && !show(after)) dialog.close();
  announce('The photo is deleted.');
}

function resetDelete() {
  remove.disabled = false;
  remove.dataset.sure = 'no';
  remove.textContent = 'Delete';
}

byId('viewer-retry').onclick = async event => {
  event.target.disabled = true;
  try {
    await retryPhoto(shown);
    restart(shown);
    announce('The photo is being prepared again.');
  } catch (error) {
    if (error.status !== 401) toast(error.message);
  } finally {
    event.target.disabled = false;
  }
};
byId('viewer-previous').onclick = () => step(-1);
byId('viewer-next').onclick = () => step(1);
byId('viewer-close').onclick = closeViewer;
remove.onclick = pressDelete;
remove.onblur = () => { if (!remove.disabled) resetDelete(); };
stage.onclick = event => { if (event.target === stage) closeViewer(); };
dialog.onkeydown = event => {
  if (event.key === 'ArrowLeft') step(-1);
  if (event.key === 'ArrowRight') step(1);
};
dialog.onclose = () => {
  document.body.append(byId('announcer'), byId('toast'));
  document.querySelector(`[data-photo-id="${CSS.escape(shown ?? '')}"] button`)?.focus();
  shown = drawn = null;
  stage.replaceChildren();
};
