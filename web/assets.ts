import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import type { WebEnv } from './session.ts';

const FILES: Record<string, string> = {
  'style.css': 'text/css; charset=utf-8',
  'live.js': 'text/javascript; charset=utf-8',
  'passkey.js': 'text/javascript; charset=utf-8',
};

const loaded = new Map(Object.entries(FILES).map(([name, type]) => [name, load(name, type)]));

function load(name: string, type: string) {
  const body = readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
  return { body, type, hash: createHash('sha256').update(body).digest('hex').slice(0, 12) };
}

/** Address of an asset; it changes with the content, so that browsers may keep it for ever. */
export function assetUrl(name: string): string {
  return `/assets/${name}?v=${loaded.get(name)?.hash ?? ''}`;
}

/** Serves the assets. */
export function assetRoutes(): Hono<WebEnv> {
  return new Hono<WebEnv>().get('/:name', (c) => {
    const asset = loaded.get(c.req.param('name'));
    if (!asset) return c.notFound();
    c.header('cache-control', 'public, max-age=31536000, immutable');
    return c.body(asset.body, 200, { 'content-type': asset.type });
  });
}
