// Keys and SHA-256, also where the browser has neither: `randomUUID` and `crypto.subtle` are missing on plain http.

/** A random UUID (version 4). */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The SHA-256 of an ArrayBuffer, in hexadecimal digits. */
export async function sha256(buffer) {
  if (crypto.subtle) return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", buffer)));
  return plainSha256(buffer);
}

const BLOCK = 64; // bytes
const AT_ONCE = 2048; // blocks, about a millisecond; in between the page may show a frame

/** SHA-256 as FIPS 180-4 describes it, with its names. */
export async function plainSha256(buffer) {
  const view = new DataView(padded(buffer));
  const H = Int32Array.of(0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19);
  for (let block = 0; block < view.byteLength / BLOCK; block++) {
    if (block && block % AT_ONCE === 0) await new Promise((resolve) => setTimeout(resolve));
    digestBlock(H, view, block * BLOCK);
  }
  const digest = new DataView(new ArrayBuffer(32));
  H.forEach((word, place) => digest.setInt32(4 * place, word));
  return hex(new Uint8Array(digest.buffer));
}

/** The message, a 1, zeros, and the message's length in bits as the last 8 bytes of a block. */
function padded(buffer) {
  const content = new Uint8Array(buffer);
  const bytes = new Uint8Array(BLOCK * Math.ceil((content.length + 9) / BLOCK));
  bytes.set(content);
  bytes[content.length] = 0x80;
  new DataView(bytes.buffer).setBigUint64(bytes.length - 8, 8n * BigInt(content.length));
  return bytes.buffer;
}

const W = new Int32Array(64);
const rotr = (word, places) => (word >>> places) | (word << (32 - places));

function digestBlock(H, view, start) {
  for (let t = 0; t < 16; t++) W[t] = view.getInt32(start + 4 * t);
  for (let t = 16; t < 64; t++) {
    const [x, y] = [W[t - 15], W[t - 2]];
    const sigma0 = rotr(x, 7) ^ rotr(x, 18) ^ (x >>> 3);
    const sigma1 = rotr(y, 17) ^ rotr(y, 19) ^ (y >>> 10);
    W[t] = sigma1 + W[t - 7] + sigma0 + W[t - 16];
  }
  let [a, b, c, d, e, f, g, h] = H;
  for (let t = 0; t < 64; t++) {
    const T1 = (h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + W[t]) | 0;
    const T2 = ((rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + T1) | 0;
    d = c;
    c = b;
    b = a;
    a = (T1 + T2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, place) => (H[place] += word));
}

const K = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
