import { html, raw } from 'hono/html';
import { encode } from 'uqr';
import type { Html } from '../layout.ts';

/** Light modules around a code, as the standard asks (ISO/IEC 18004). */
const BORDER = 4;

/** A QR code, dark on light whatever the page's colours are, as scanners want it. */
export function qrCode(text: string, label: string): Html {
  const { data, size } = encode(text, { ecc: 'M', border: BORDER });
  const dark = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges">
    <rect width="${size}" height="${size}" fill="#fff" /><path fill="#000" d="${raw(dark.join(''))}" />
  </svg>`;
}
