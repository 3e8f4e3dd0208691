// A phone beside the browser: it reads the QR code that the page shows (a picture of the screen, not the page's source) and computes
// codes (RFC 6238).
import crypto from 'node:crypto';
import jsqr from 'jsqr';
import { picture } from './watch.mjs';

// The text of the QR code that is on the screen.
export const scan = async (page) => {
  const png = (await picture(page.locator('svg.qr'))).toString('base64');
  const desk = await page.context().browser().newContext();  // a page without a policy that decodes the picture
  try {
    const blank = await desk.newPage();
    const { width, height, pixels } = await blank.evaluate(async (source) => {
      const image = new Image();
      image.src = `data:image/png;base64,${source}`;
      await image.decode();
      const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
      const context = canvas.getContext('2d');
      context.drawImage(image, 0, 0);
      return { width: image.width, height: image.height, pixels: [...context.getImageData(0, 0, image.width, image.height).data] };
    }, png);
    const found = jsqr(Uint8ClampedArray.from(pixels), width, height);
    if (!found) throw new Error('no QR code can be read from the screen');
    return found.data;
  } finally {
    await desk.close();
  }
};

export const secret_of = (uri) => new URL(uri).searchParams.get('secret');

const bytes_of = (base32) => {
  let word = 0, bits = 0;
  const out = [];
  for (const letter of base32) {
    word = ((word << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter)) & 0xfff;
    if ((bits += 5) >= 8) out.push((word >> (bits -= 8)) & 0xff);
  }
  return Buffer.from(out);
};

export const step_of_now = () => Math.floor(Date.now() / 30000);

export const code_at = (secret, step) => {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = crypto.createHmac('sha1', bytes_of(secret)).update(counter).digest();
  const value = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
  return String(value % 1000000).padStart(6, '0');
};

// The next code that counts after one of step `last`, and its step; where it is too early for that one, it waits.
export const next_code = async (secret, last = 0) => {
  const step = Math.max(last + 1, step_of_now());
  while (step > step_of_now() + 1) await new Promise((resume) => setTimeout(resume, 100));
  return { code: code_at(secret, step), step };
};
