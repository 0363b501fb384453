// Tries an operation: a form for what it takes, the request, and what came back.

import { byId, element } from '../page.js';
import { curl } from './curl.js';
import { showAnswer } from './answer.js';
import { resolve, sample } from './spec.js';

const waitLimit = 60_000; // ms; a stream of events is cut off by it too
const token = () => byId('token').value.trim();

export function tryForm(operation) {
  const inputs = operation.parameters.filter(parameter => parameter.in !== 'cookie').map(parameter => ({ parameter, input: input(operation, parameter) }));
  const body = bodyField(operation);
  const output = element('div', { className: 'output', 'aria-live': 'polite' });
  const send = element('button', { type: 'submit', className: 'primary' }, 'Send');
  const stop = element('button', { type: 'button', className: 'quiet', hidden: true }, 'Stop');
  const copy = element('button', { type: 'button' }, 'Copy as curl');
  const form = element('form', { className: 'try', noValidate: false, 'aria-label': `Try ${operation.method.toUpperCase()} ${operation.path}` },
    element('h3', {}, 'Try it'),
    ...inputs.map(({ parameter, input: field }) => element('label', {}, element('code', {}, parameter.name), parameter.required ? null : element('span', { className: 'hint' }, ' optional'), field)),
    body?.node ?? null,
    element('p', { className: 'choices' }, send, stop, copy),
    output);
  const request = () => build(operation, inputs, body);

  form.onsubmit = async event => {
    event.preventDefault();
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), waitLimit);
    send.disabled = true;
    stop.hidden = false;
    stop.onclick = () => controller.abort();
    try {
      await run(request(), output, controller.signal);
    } finally {
      clearTimeout(timer);
      send.disabled = false;
      stop.hidden = true;
    }
  };
  copy.onclick = async () => {
    const line = curl(request(), operation.needsUser);
    try {
      await navigator.clipboard.writeText(line);
      copy.textContent = 'Copied';
      setTimeout(() => { copy.textContent = 'Copy as curl'; }, 2000);
    } catch {
      output.replaceChildren(element('pre', { tabIndex: 0 }, line));
    }
  };
  return form;
}

function input(operation, { name, schema, required }) {
  const { enum: values, default: initial } = resolve(schema);
  if (values) return element('select', {}, ...(required ? [] : [element('option', { value: '' }, '')]), ...values.map(value => element('option', { value }, String(value))));
  return element('input', { name, required: Boolean(required), value: initial ?? '', autocomplete: 'off', spellcheck: false });
}

/** The field for the body: text for JSON, a file for bytes, both for a form; with a choice when the operation takes several kinds. */
function bodyField({ requestBody }) {
  const content = resolve(requestBody).content ?? {};
  const kinds = Object.keys(content);
  if (kinds.length === 0) return null;
  const holder = element('div', { className: 'fields' });
  const choice = element('select', {}, ...kinds.map(kind => element('option', { value: kind }, kind)));
  let read;
  const draw = () => {
    const [nodes, reader] = fieldFor(choice.value, content[choice.value].schema);
    read = reader;
    holder.replaceChildren(...nodes);
  };
  choice.onchange = draw;
  draw();
  const node = element('div', { className: 'fields' }, kinds.length > 1 ? element('label', {}, 'Kind of body', choice) : null, holder);
  return { node, read: () => read() };
}

function fieldFor(kind, schema) {
  const shape = resolve(schema);
  if (kind === 'multipart/form-data') {
    const parts = Object.entries(shape.properties ?? {}).map(([name, part]) => [name, element('input', { type: resolve(part).format === 'binary' ? 'file' : 'text', name })]);
    return [parts.map(([name, field]) => element('label', {}, element('code', {}, name), field)), () => {
      const data = new FormData();
      for (const [name, field] of parts) {
        if (field.files?.[0]) data.append(name, field.files[0]);
        else if (field.type === 'text' && field.value) data.append(name, field.value);
      }
      return { data };
    }];
  }
  if (shape.format === 'binary') {
    const file = element('input', { type: 'file', required: true });
    return [[element('label', {}, 'Body: a file', file)], () => ({ kind: kind.includes('*') ? file.files[0]?.type || 'application/octet-stream' : kind, data: file.files[0] })];
  }
  const text = element('textarea', { rows: 8, spellcheck: false, value: JSON.stringify(sample(schema), null, 2) });
  text.rows = Math.min(16, text.value.split('\n').length + 1);
  return [[element('label', {}, `Body: ${kind}`, text)], () => ({ kind, data: text.value })];
}

function build(operation, inputs, body) {
  const path = operation.path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(inputs.find(({ parameter }) => parameter.in === 'path' && parameter.name === name)?.input.value ?? ''));
  const query = new URLSearchParams();
  const headers = {};
  for (const { parameter, input: { value } } of inputs) {
    if (parameter.in === 'query' && value !== '') query.append(parameter.name, value);
    if (parameter.in === 'header' && value !== '') headers[parameter.name] = value;
  }
  const { kind, data } = body?.read() ?? {};
  if (kind) headers['Content-Type'] = kind;
  return { method: operation.method.toUpperCase(), url: path + (query.size > 0 ? `?${query}` : ''), headers, body: data };
}

async function run(request, output, signal) {
  const headers = { ...request.headers, ...(token() && { Authorization: `Bearer ${token()}` }) };
  const started = performance.now();
  output.replaceChildren(element('p', { className: 'hint' }, 'Waiting for the answer …'));
  try {
    const response = await fetch(request.url, { method: request.method, headers, body: request.body, signal, credentials: token() ? 'omit' : 'same-origin', cache: 'no-store' });
    await showAnswer(output, response, () => `${Math.round(performance.now() - started)} ms`);
  } catch (error) {
    const reason = error.name === 'AbortError' ? 'Stopped.' : `No answer: ${error.message}`;
    if (output.querySelector('.received')) output.append(element('p', { className: 'hint' }, reason));
    else output.replaceChildren(element('p', { className: 'error' }, reason));
  }
}
