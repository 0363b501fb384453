// The HTTP API. Every failure is an ApiError: the status (0 when no answer came), a sentence, and the bad fields.

export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || sentence(status));
    this.status = status;
    this.fields = Object.entries(problem?.errors ?? {}).map(([name, reasons]) => [name.toLowerCase(), [reasons].flat().join(' ')]);
  }

  /** Trying the same again may help. */
  get isTransient() {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

function sentence(status) {
  if (status === 0) return 'The server cannot be reached.';
  if (status === 413) return 'The photo is too large.';
  if (status === 415) return 'This is not a kind of image that can be added.';
  if (status === 429) return 'Too many requests; wait a moment.';
  return status >= 500 ? 'Something went wrong on our side.' : `The request was refused (${status}).`;
}

let signedOut = () => {};

/** `handler` is called when the server answers that nobody is signed in. */
export function onSignedOut(handler) {
  signedOut = handler;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function answer(status, text, asksForSession) {
  const body = parse(text);
  if (status >= 200 && status < 300) return body;
  if (status === 401 && !asksForSession) signedOut();
  throw new ApiError(status, body);
}

async function send(method, path, body, headers) {
  let response, text;
  try {
    response = await fetch(path, {
      method,
      headers: { ...(body && { 'Content-Type': 'application/json' }), ...headers },
      body: body && JSON.stringify(body),
    });
    text = await response.text();
  } catch {
    throw new ApiError(0);
  }
  return { body: answer(response.status, text, method === 'POST' && path === '/api/sessions'), tag: response.headers.get('ETag') };
}

export const request = async (method, path, body, headers) => (await send(method, path, body, headers)).body;

/** The answer's body and its entity tag, for `If-Match`. */
export const getTagged = path => send('GET', path);

export const signUp = account => request('POST', '/api/users', account);
export const signIn = credentials => request('POST', '/api/sessions', credentials);
export const signOut = () => request('DELETE', '/api/sessions/current');
export const me = () => request('GET', '/api/users/me');
export const getPhoto = id => request('GET', `/api/photos/${encodeURIComponent(id)}`);
export const deletePhoto = id => request('DELETE', `/api/photos/${encodeURIComponent(id)}`);
export const changePhoto = (id, change) => request('PATCH', `/api/photos/${encodeURIComponent(id)}`, change);
export const retryPhoto = id => request('POST', `/api/photos/${encodeURIComponent(id)}/retries`);
export const deletePhotos = ids => request('POST', '/api/photos/deletions', { ids });
export const undoDeletion = id => request('DELETE', `/api/photos/deletions/${encodeURIComponent(id)}`);
export const listPhotos = (cursor, limit) =>
  request('GET', `/api/photos?${new URLSearchParams({ ...(cursor && { cursor }), limit })}`);

/** Sends the bytes of a file. `onProgress` gets the sent share, 0 to 1; aborting `signal` rejects with an AbortError. */
export function uploadPhoto(file, { title, visibility, use }, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const query = new URLSearchParams({ ...(title && { title }), ...(visibility && { visibility }), ...(use && { use }) });
    const transfer = new XMLHttpRequest();
    transfer.open('POST', `/api/photos?${query}`);
    transfer.setRequestHeader('Content-Type', file.type || 'application/octet-stream');
    transfer.upload.onprogress = progress => progress.lengthComputable && onProgress(progress.loaded / progress.total);
    transfer.onload = () => {
      try {
        resolve(answer(transfer.status, transfer.responseText));
      } catch (error) {
        reject(error);
      }
    };
    transfer.onerror = () => reject(new ApiError(0));
    transfer.onabort = () => reject(new DOMException('Cancelled', 'AbortError'));
    signal.addEventListener('abort', () => transfer.abort());
    transfer.send(file);
  });
}
