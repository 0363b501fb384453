// The live stream of what happens: open while the page is visible, opened again when the server or the network comes back.

const kinds = ['photo-uploaded', 'photo-ready', 'photo-rejected', 'photo-failed', 'photo-deleted', 'notification'];
const retryAfter = 5000;

let stream = null;
let timer = 0;
let handlers = null;

/** Calls `onSync` when changes may have been missed (each time the stream opens or ends) and `onChange(kind, photoId)` per change; a notification is about no photo. */
export function startEvents(onSync, onChange) {
  handlers = { onSync, onChange };
  open();
}

export function stopEvents() {
  handlers = null;
  close();
}

function open() {
  close();
  if (!handlers || document.hidden) return;
  stream = new EventSource('/api/events');
  stream.onopen = () => handlers?.onSync();
  // The browser reconnects by itself, except after an answer that is not a stream.
  stream.onerror = () => {
    if (stream?.readyState !== EventSource.CLOSED) return;
    handlers?.onSync();
    timer = setTimeout(open, retryAfter);
  };
  // The server no longer has what was missed.
  stream.addEventListener('reset', () => handlers?.onSync());
  for (const kind of kinds) {
    stream.addEventListener(kind, event => handlers?.onChange(kind, JSON.parse(event.data).photoId));
  }
}

function close() {
  clearTimeout(timer);
  stream?.close();
  stream = null;
}

document.addEventListener('visibilitychange', open);
