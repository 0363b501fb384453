// Usage: node s3-server.mjs FOLDER BUCKET    A local S3 server on a free port of 127.0.0.1, with an empty bucket.
// s3rver stores objects as files, but not as S3 does: it answers before a file is written, overwrites it in place and lets two requests
// meet in one folder. Here one request at a time changes or opens something, and an object is replaced whole.
import { createHash } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import S3rver from 's3rver';
import FilesystemStore from 's3rver/lib/stores/filesystem.js';

const store = FilesystemStore.prototype;
let last = Promise.resolve();

function oneAtATime(name) {
  const original = store[name];
  store[name] = function (...args) {
    const result = last.then(() => original.apply(this, args));
    last = result.catch(() => {});
    return result;
  };
}

store.putObject = async function (object) {
  const chunks = [];
  if (Buffer.isBuffer(object.content)) chunks.push(object.content);
  else for await (const chunk of object.content) chunks.push(chunk);
  return this.replaceObject(object, Buffer.concat(chunks));
};

store.replaceObject = async function (object, content) {
  const path = this.getResourcePath(object.bucket, object.key, 'object');
  const md5 = createHash('md5').update(content).digest('hex');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
  await this.putMetadata(object.bucket, object.key, object.metadata, md5);
  return { size: content.length, md5 };
};

['replaceObject', 'deleteObject', 'listObjects', 'getObject'].forEach(oneAtATime);

const [directory, bucket] = process.argv.slice(2);
const server = new S3rver({ directory, address: '127.0.0.1', port: 0, silent: true, vhostBuckets: false, configureBuckets: [{ name: bucket, configs: [] }] });
const { address, port } = await server.run();
console.log(`listening on http://${address}:${port}`);
