// Shows what a request was answered with: status, time, headers, and the body by its kind.

import { bytes, element } from '../page.js';

const textLimit = 200_000; // characters shown

export async function showAnswer(output, response, elapsed) {
  const status = element('p', { className: 'received' },
    element('span', { className: 'status', 'data-class': String(response.status)[0] }, String(response.status)), ' ', response.statusText, ' ', element('span', { className: 'hint' }, elapsed()));
  const headers = element('details', {}, element('summary', {}, `${[...response.headers].length} headers`),
    element('dl', { className: 'headers' }, ...[...response.headers].flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)])));
  output.replaceChildren(status, headers);
  const type = response.headers.get('Content-Type') ?? '';
  if (type.startsWith('text/event-stream')) return stream(output, response);

  const blob = await response.blob();
  status.lastElementChild.textContent = `${elapsed()}, ${bytes(blob.size)}`;
  if (blob.size === 0) return;
  if (type.startsWith('image/')) output.append(element('img', { src: URL.createObjectURL(blob), alt: 'The image of the answer' }));
  else if (/json|^text\//.test(type)) output.append(element('pre', { tabIndex: 0, 'aria-label': 'Body of the answer' }, shorten(pretty(await blob.text()))));
  else output.append(element('p', {}, element('a', { href: URL.createObjectURL(blob), download: 'answer' }, `Save ${bytes(blob.size)}`)));
}

/** Shows events as they come, until the request is stopped. */
async function stream(output, response) {
  const text = element('pre', { tabIndex: 0, 'aria-label': 'Events' });
  output.append(text);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) text.textContent = (text.textContent + part.value).slice(-textLimit);
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const shorten = text => (text.length > textLimit ? `${text.slice(0, textLimit)}\n… (${bytes(text.length)} in all)` : text);
