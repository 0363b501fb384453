// Title, description and visibility of the photo that the viewer shows.

import { changePhoto } from './api.js';
import { onSubmit } from './forms.js';
import { showPhoto } from './gallery.js';
import { announce, byId } from './page.js';

const form = byId('viewer-edit');
const begin = byId('viewer-change');
let edited = null; // the photo

export function offerEdit(item) {
  edited = item;
  closeEdit();
}

function closeEdit() {
  form.hidden = true;
  begin.hidden = false;
}

begin.onclick = () => {
  form.elements.title.value = edited.title ?? '';
  form.elements.description.value = edited.description ?? '';
  form.elements.visibility.value = edited.visibility;
  form.hidden = false;
  begin.hidden = true;
  form.elements.title.focus();
};
byId('viewer-edit-cancel').onclick = () => {
  closeEdit();
  begin.focus();
};
// The arrow keys move inside a field here, not between photos.
form.onkeydown = event => event.stopPropagation();
onSubmit(form, async ({ title, description, visibility }) => {
  const fresh = await changePhoto(edited.id, { title, description, visibility });
  closeEdit();
  showPhoto(fresh);
  announce('The change is saved.');
  begin.focus();
});
