// Choosing several photos and deleting them, with ten seconds to undo it.

import { deletePhotos, undoDeletion } from './api.js';
import { photo, removePhoto, showPhoto } from './gallery.js';
import { announce, byId, element, toast } from './page.js';

const most = 100; // photos of one deletion
const grid = byId('grid');
const bar = byId('selection');
const undoBar = byId('undo');
let chosen = null; // ids, or null when nothing is being chosen
let undoTimer;

function begin() {
  chosen = new Set();
  grid.classList.add('selecting');
  bar.hidden = false;
  byId('select').setAttribute('aria-pressed', 'true');
  show();
  announce('Choose photos, then delete them together.');
}

/** Back to where a tile opens its photo. */
export function endSelection() {
  if (!chosen) return;
  for (const tile of grid.querySelectorAll('[data-chosen]')) mark(tile, false);
  chosen = null;
  grid.classList.remove('selecting');
  bar.hidden = true;
  byId('select').setAttribute('aria-pressed', 'false');
}

function toggle(tile) {
  const id = tile.dataset.photoId;
  if (!id) return;
  if (!chosen.has(id) && chosen.size === most) return toast(`At most ${most} photos at once.`);
  mark(tile, !chosen.has(id));
  if (!chosen.delete(id)) chosen.add(id);
  show();
}

function mark(tile, on) {
  if (on) tile.dataset.chosen = '';
  else delete tile.dataset.chosen;
  tile.querySelector('.open')?.setAttribute('aria-pressed', String(on));
}

function show() {
  byId('selection-count').textContent = chosen.size === 1 ? '1 photo chosen' : `${chosen.size} photos chosen`;
  byId('selection-delete').disabled = chosen.size === 0;
}

async function deleteChosen() {
  const photos = [...chosen].map(photo).filter(Boolean);
  byId('selection-delete').disabled = true;
  try {
    const deletion = await deletePhotos(photos.map(item => item.id));
    endSelection();
    for (const item of photos) removePhoto(item.id);
    offerUndo(deletion, photos);
  } catch (error) {
    if (chosen) show();
    if (error.status !== 401) toast(error.status === 404 ? 'Some of these photos are gone already. Load this page again.' : error.message);
  }
}

/** The server's clock may differ from ours: how long is left is counted from now, and never more than it grants. */
function offerUndo(deletion, photos) {
  const until = performance.now() + Math.min(10_000, Math.max(2000, Date.parse(deletion.undoUntil) - Date.now() || 10_000));
  const count = photos.length === 1 ? '1 photo is deleted.' : `${photos.length} photos are deleted.`;
  const left = element('span', { 'aria-hidden': 'true' });
  const button = element('button', { type: 'button', onclick: () => undo(deletion, photos) }, 'Undo ', left);
  undoBar.replaceChildren(element('span', {}, count), button);
  undoBar.hidden = false;
  announce(`${count} You can undo it for ten seconds.`);
  button.focus();
  clearInterval(undoTimer);
  const tick = () => {
    left.textContent = `(${Math.max(0, Math.ceil((until - performance.now()) / 1000))})`;
    if (performance.now() >= until) closeUndo();
  };
  undoTimer = setInterval(tick, 250);
  tick();
}

function closeUndo() {
  clearInterval(undoTimer);
  undoBar.hidden = true;
}

async function undo(deletion, photos) {
  closeUndo();
  try {
    await undoDeletion(deletion.id);
    photos.forEach(item => showPhoto(item));
    announce('The photos are back.');
  } catch (error) {
    toast(error.status === 404 || error.status === 410 ? 'It was too late: the photos are deleted.' : error.message);
  }
}

// Before the tile's own button opens the photo.
grid.addEventListener('click', event => {
  const tile = chosen && event.target.closest('.tile');
  if (!tile) return;
  event.stopPropagation();
  event.preventDefault();
  toggle(tile);
}, { capture: true });
document.addEventListener('keydown', event => {
  if (event.key !== 'Escape' || !chosen) return;
  endSelection();
  byId('select').focus();
});
byId('select').onclick = () => (chosen ? endSelection() : begin());
byId('selection-cancel').onclick = () => {
  endSelection();
  byId('select').focus();
};
byId('selection-delete').onclick = deleteChosen;
