import { expect, it } from 'vitest';
import { pickTemplate } from './template.ts';

const volumes = [
  'local:vztmpl/debian-12-standard_12.7-1_amd64.tar.zst',
  'local:vztmpl/debian-12-standard_12.12-1_amd64.tar.zst',
  'local:vztmpl/debian-120-odd_1.0_amd64.tar.zst',
  'local:vztmpl/debian-12.tar.zst',
  'local:vztmpl/alpine-3.20-default_20240908_amd64.tar.xz',
];

it.each([
  ['debian-12', 'debian-12.tar.zst'],
  ['debian-12-standard', 'debian-12-standard_12.12-1_amd64.tar.zst'],
  ['debian-12-standard_12.7-1_amd64', 'debian-12-standard_12.7-1_amd64.tar.zst'],
  ['debian-12-standard_12.7-1_amd64.tar.zst', 'debian-12-standard_12.7-1_amd64.tar.zst'],
  ['alpine-3.20', 'alpine-3.20-default_20240908_amd64.tar.xz'],
])('takes %s for %s', (name, file) => {
  expect(pickTemplate(volumes, name)).toBe(`local:vztmpl/${file}`);
});

it.each(['', 'debian-1', 'ebian-12', 'ubuntu'])('finds nothing for %j', (name) => {
  expect(pickTemplate(volumes, name)).toBeUndefined();
});
