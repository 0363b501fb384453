// Photos on their way: chosen, dropped or pasted files, sent a few at a time, each with a tile that shows its progress.

import { uploadPhoto } from './api.js';
import { addTile, adoptTile, showEmpty } from './gallery.js';
import { announce, byId, bytes, element } from './page.js';

const largest = 25 * 1024 * 1024; // bytes; the server checks this and much more
const atOnce = 3;

let waiting = [];
let active = new Set();
let isOpen = false;

export function startUploads() {
  isOpen = true;
}

/** Forgets everything that is not sent yet. */
export function stopUploads() {
  isOpen = false;
  waiting = [];
  for (const upload of active) upload.abort();
  active = new Set();
}

function add(files) {
  if (!isOpen || files.length === 0) return;
  const settings = { title: byId('title').value.trim(), visibility: byId('visibility').value };
  const tiles = [...files].map(() => addTile()).reverse(); // each goes in front of the one before
  [...files].forEach((file, index) => queue(file, settings, tiles[index]));
  byId('title').value = '';
  announce(files.length === 1 ? '1 photo is being added.' : `${files.length} photos are being added.`);
  sendNext();
}

function queue(file, settings, tile) {
  tile.dataset.state = 'uploading';
  const meter = element('progress', { max: 1, value: 0, 'aria-label': `Sending ${file.name}` });
  const cancel = element('button', { type: 'button', className: 'quiet', 'aria-label': `Cancel ${file.name}` }, 'Cancel');
  tile.replaceChildren(element('div', { className: 'state' }, element('span', { className: 'file' }, file.name), meter, cancel));
  const upload = { file, settings, tile, meter, controller: new AbortController() };
  upload.abort = () => {
    waiting = waiting.filter(other => other !== upload);
    upload.controller.abort();
    tile.remove();
    showEmpty();
  };
  cancel.onclick = upload.abort;
  if (file.size > largest) fail(upload, `${bytes(file.size)} is more than the 25 MB that a photo may have.`, false);
  else waiting.push(upload);
}

function sendNext() {
  while (active.size < atOnce && waiting.length > 0) send(waiting.shift());
}

async function send(upload) {
  const { file, settings, tile, meter } = upload;
  active.add(upload);
  showPreview(upload);
  try {
    const accepted = await uploadPhoto(file, settings, share => { meter.value = share; }, upload.controller.signal);
    adoptTile(tile, { ...settings, ...accepted, createdAt: new Date().toISOString(), renditions: [] });
  } catch (error) {
    if (error.name !== 'AbortError') fail(upload, [error.message, ...(error.fields ?? []).map(([, reason]) => reason)].join(' '), error.isTransient);
  } finally {
    active.delete(upload);
    sendNext();
  }
}

function fail(upload, reason, canRetry) {
  const { file, settings, tile } = upload;
  tile.dataset.state = 'refused';
  const retry = canRetry && element('button', { type: 'button', onclick: () => { queue(file, settings, tile); sendNext(); } }, 'Try again');
  const dismiss = element('button', { type: 'button', className: 'quiet', 'aria-label': `Dismiss ${file.name}`, onclick: upload.abort }, 'Dismiss');
  tile.replaceChildren(element('div', { className: 'state' },
    element('span', { className: 'file' }, file.name), element('strong', {}, reason), element('span', { className: 'choices' }, retry || null, dismiss)));
  announce(`${file.name}: ${reason}`);
}

/** Draws the middle square of the file while it is sent; the browser may not know the format, then there is none. */
async function showPreview({ file, tile }) {
  try {
    const bitmap = await createImageBitmap(file);
    const side = Math.min(bitmap.width, bitmap.height);
    const canvas = element('canvas', { width: 256, height: 256 });
    canvas.getContext('2d').drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, 256, 256);
    bitmap.close();
    if (tile.dataset.state === 'uploading') tile.prepend(canvas);
    else if (tile.dataset.state === 'pending') tile.querySelector('button')?.prepend(canvas);
  } catch { /* no preview */ }
}

const hasFiles = event => isOpen && event.dataTransfer?.types.includes('Files');
const drop = byId('drop');

byId('files').onchange = event => {
  add(event.target.files);
  event.target.value = '';
};
document.addEventListener('paste', event => add(event.clipboardData?.files ?? []));
document.addEventListener('dragover', event => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  drop.hidden = false;
});
document.addEventListener('dragleave', event => { if (!event.relatedTarget) drop.hidden = true; });
document.addEventListener('drop', event => {
  drop.hidden = true;
  if (!hasFiles(event)) return;
  event.preventDefault();
  // A dropped folder looks like a file but cannot be read.
  const files = [...event.dataTransfer.items].filter(item => item.kind === 'file' && !item.webkitGetAsEntry?.()?.isDirectory);
  add(files.map(item => item.getAsFile()));
});
window.addEventListener('beforeunload', event => { if (active.size + waiting.length > 0) event.preventDefault(); });
