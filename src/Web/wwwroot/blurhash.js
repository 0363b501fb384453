// Decodes a BlurHash (https://github.com/woltapp/blurhash, Algorithm.md) onto a small canvas, which CSS enlarges.

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~';
const size = 32;

const decode83 = text => [...text].reduce((value, character) => value * 83 + digits.indexOf(character), 0);
const toLinear = byte => (byte / 255 <= 0.04045 ? byte / 255 / 12.92 : ((byte / 255 + 0.055) / 1.055) ** 2.4);
const toSrgb = value => {
  const v = Math.min(1, Math.max(0, value));
  return Math.round(255 * (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055));
};
const signedSquare = value => Math.sign(value) * value * value;

/** A canvas with the placeholder, or null when the hash is not one. */
export function blurHashCanvas(hash) {
  if (!hash || hash.length < 6 || [...hash].some(character => !digits.includes(character))) return null;
  const columns = (decode83(hash[0]) % 9) + 1;
  const rows = Math.floor(decode83(hash[0]) / 9) + 1;
  if (hash.length !== 4 + 2 * columns * rows) return null;

  const strength = (decode83(hash[1]) + 1) / 166;
  const average = decode83(hash.slice(2, 6));
  const colors = [[average >> 16, (average >> 8) & 255, average & 255].map(toLinear)];
  for (let i = 1; i < columns * rows; i++) {
    const value = decode83(hash.slice(4 + i * 2, 6 + i * 2));
    colors.push([Math.floor(value / 361), Math.floor(value / 19) % 19, value % 19].map(v => signedSquare((v - 9) / 9) * strength));
  }

  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = size;
  const context = canvas.getContext('2d');
  const image = context.createImageData(size, size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const sum = [0, 0, 0];
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const basis = Math.cos((Math.PI * x * column) / size) * Math.cos((Math.PI * y * row) / size);
          const color = colors[row * columns + column];
          for (let channel = 0; channel < 3; channel++) sum[channel] += color[channel] * basis;
        }
      }
      image.data.set([...sum.map(toSrgb), 255], 4 * (y * size + x));
    }
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
