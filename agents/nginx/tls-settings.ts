/** Authenticated encryption with forward secrecy only (RFC 9325, 4.2); the suites of TLS 1.3 all are. */
const CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
];

/** Directives for every server that ends TLS, HTTP's and streams'. Tickets would need keys that are changed daily. */
export const TLS_LINES: readonly string[] = [
  'ssl_protocols TLSv1.2 TLSv1.3;',
  `ssl_ciphers ${CIPHERS.join(':')};`,
  'ssl_session_timeout 1d;',
  'ssl_session_tickets off;',
];
