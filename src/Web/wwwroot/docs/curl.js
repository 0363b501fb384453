// A request as a line for a shell. The token is left to the variable TOKEN: copied lines are pasted into chats and tickets.

const quote = text => `'${String(text).replaceAll("'", `'\\''`)}'`;

export function curl({ method, url, headers, body }, needsUser) {
  const parts = ['curl', '-i'];
  if (method === 'HEAD') parts.push('--head');
  else if (method !== 'GET') parts.push('-X', method);
  if (needsUser) parts.push('-H', '"Authorization: Bearer $TOKEN"');
  for (const [name, value] of Object.entries(headers)) parts.push('-H', quote(`${name}: ${value}`));
  if (body instanceof FormData) {
    for (const [name, value] of body) parts.push('-F', quote(value instanceof File ? `${name}=@${value.name}` : `${name}=${value}`));
  } else if (body instanceof File) {
    parts.push('--data-binary', quote(`@${body.name}`));
  } else if (body) {
    parts.push('-d', quote(body));
  }
  return [...parts, quote(location.origin + url)].join(' ');
}
