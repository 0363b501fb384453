// Usage: node tus-client.mjs PACKAGES ENDPOINT FILE STORE BREAK-AFTER HEADER=VALUE... -- KEY=VALUE...
// Uploads a file with the public client tus-js-client. With BREAK-AFTER > 0 it ends without a word when that many bytes are acknowledged, as a client that crashed;
// called again with the same STORE it resumes. Prints what happened as JSON.
import { createReadStream, statSync } from 'node:fs';
import { createRequire } from 'node:module';

const [packages, endpoint, file, store, breakAfter, ...rest] = process.argv.slice(2);
const tus = createRequire(`${packages}/`)('tus-js-client');
const pairs = list => Object.fromEntries(list.map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
const headers = pairs(rest.slice(0, rest.indexOf('--')));
const metadata = pairs(rest.slice(rest.indexOf('--') + 1));
const requests = [];
let photo = null;

const upload = new tus.Upload(createReadStream(file), {
  endpoint, headers, metadata,
  uploadSize: statSync(file).size,
  chunkSize: 100_000,
  retryDelays: [0, 200],
  urlStorage: new tus.FileUrlStorage(store),
  fingerprint: async () => file,
  onAfterResponse: (request, response) => {
    requests.push(`${request.getMethod()} ${response.getStatus()}`);
    photo = response.getHeader('X-Photo-Id') ?? photo;
  },
  onChunkComplete: (_, accepted) => {
    if (breakAfter > 0 && accepted >= breakAfter) {
      console.log(JSON.stringify({ requests, accepted }));
      process.exit(0);
    }
  },
  onError: error => {
    console.error(error.message);
    process.exit(1);
  },
  onSuccess: () => console.log(JSON.stringify({ requests, photo })),
});
const [previous] = await upload.findPreviousUploads();
if (previous) upload.resumeFromPreviousUpload(previous);
upload.start();
