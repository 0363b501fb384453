// A part of the page that is loaded by itself: when its service does not answer, the others still work.

import { element } from '../page.js';

/** A sentence for a failed request. */
export const reasonFor = error => (error.status === 404 || error.status >= 500 ? 'This is not available at the moment. Try again later.' : error.message);

/** Fills `list` with what `load` answers, or says why not. */
export async function fill(list, load, row, emptyText) {
  try {
    const { items } = await load();
    list.replaceChildren(...(items.length > 0 ? items.map(row) : [element('li', { className: 'hint' }, emptyText)]));
    return items;
  } catch (error) {
    if (error.status !== 401) list.replaceChildren(element('li', { className: 'error' }, reasonFor(error)));
    return null;
  }
}

export const when = text => new Date(text).toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' });
