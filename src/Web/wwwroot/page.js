// Small things that every part of the page uses.

export const byId = id => document.getElementById(id);

/** An element with properties (or attributes, where a name has a hyphen or is `role`) and children; empty children are left out. */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-') || name === 'role') node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children.filter(child => child !== null && child !== undefined && child !== ''));
  return node;
}

/** Tells users of a screen reader what changed. */
export function announce(text) {
  byId('announcer').textContent = text;
}

let toastTimer;

/** Shows a message at the lower edge for a while. */
export function toast(text) {
  const node = byId('toast');
  node.textContent = text;
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { node.hidden = true; }, 8000);
}

/** Shows a message above everything until another replaces it; none hides it. */
export function notice(text) {
  byId('notice').textContent = text ?? '';
  byId('notice').hidden = !text;
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  return count < 1e6 ? `${Math.round(count / 1000)} kB` : `${(count / 1e6).toFixed(1)} MB`;
}

const reasons = {
  'unsupported-type': 'The file is not a JPEG, PNG, WebP or GIF image.',
  'corrupt': 'The file is damaged.',
  'truncated': 'The end of the file is missing.',
  'too-many-bytes': 'The file is too large.',
  'side-too-long': 'The picture is too wide or too high.',
  'too-many-pixels': 'The picture has too many pixels.',
};

/** Why a photo was not accepted or could not be prepared: the sentence for a known code, otherwise what the server says. */
export const reasonOf = photo => reasons[photo.reason] ?? photo.reason ?? '';

export const nameOf = photo => photo.title || 'Untitled photo';
