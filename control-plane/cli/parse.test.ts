import { expect, test } from 'vitest';
import { httpOption, maskOf, portOption } from './parse.ts';

test('an HTTP service is a port, a host and perhaps https', () => {
  expect(httpOption('80:web1.apps.lab')).toEqual([
    { internalPort: 80, exposure: { case: 'http', value: { host: 'web1.apps.lab', path: '', backendTls: false } } },
  ]);
  expect(httpOption('8443:a.b:https')[0]?.exposure.value).toEqual({ host: 'a.b', path: '', backendTls: true });
  expect(httpOption('80:a.b/api/v1')[0]?.exposure.value).toEqual({ host: 'a.b', path: '/api/v1', backendTls: false });
});

test.each(['80', ':a.b', '80:', 'x:a.b', '80:a.b:ftp', '80:a.b:http:x'])('"%s" is no HTTP service', (text) => {
  expect(() => httpOption(text)).toThrow(/It takes/);
});

test('a port may ask for its external port', () => {
  expect(portOption('tcp')('22')[0]?.exposure).toEqual({ case: 'tcp', value: { externalPort: 0 } });
  expect(portOption('udp')('53:2053')[0]?.exposure).toEqual({ case: 'udp', value: { externalPort: 2053 } });
  expect(() => portOption('tcp')('22:23:24')).toThrow(/PORT:EXTERNAL/);
});

test('the mask names only what was given', () => {
  expect(maskOf({ cores: 0, memoryMib: undefined }, { cores: 'cores', memoryMib: 'memory_mib' })).toEqual(['cores']);
});
