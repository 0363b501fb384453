// Forms: what happens when one is sent, and where its errors are shown.

import { byId, element } from './page.js';

const controls = 'input, textarea, select';

/** Shows what is wrong beside the inputs, or above the button when it is about none of them; null takes it away. */
function showErrors(form, error) {
  const general = form.querySelector('[role=alert]');
  for (const input of form.querySelectorAll(controls)) {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-describedby');
    byId(`${form.id}-${input.name}-error`)?.remove();
  }
  general.hidden = true;
  if (!error) return;

  let first = null;
  for (const [name, reason] of error.fields ?? []) {
    const input = [...form.querySelectorAll(controls)].find(candidate => candidate.name.toLowerCase() === name);
    if (!input) continue;
    const id = `${form.id}-${input.name}-error`;
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', id);
    input.closest('label').after(element('p', { id, className: 'error' }, reason));
    first ??= input;
  }
  if (first) {
    first.focus();
  } else {
    general.textContent = error.message;
    general.hidden = false;
  }
}

/** Runs a form's action while its button is off; what goes wrong is shown beside the inputs. */
export function onSubmit(form, action) {
  form.onsubmit = async event => {
    event.preventDefault();
    const button = form.querySelector('[type=submit]');
    button.disabled = true;
    showErrors(form, null);
    try {
      await action(Object.fromEntries(new FormData(form)));
    } catch (error) {
      showErrors(form, error);
    } finally {
      button.disabled = false;
    }
  };
}
