import { ServiceSchema, SignInRequirement } from '@berth/proto/api/v1/services_pb.js';
import { create } from '@bufbuild/protobuf';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { type ServiceFlags, withServiceFlags } from './service-flags.ts';
import { serviceOf } from './service-request.ts';

function flags(...words: string[]): ServiceFlags {
  const command = withServiceFlags(new Command().exitOverride().configureOutput({ writeErr: () => {} }));
  return command.parse(words, { from: 'user' }).opts();
}

describe('what is given to a service', () => {
  it('names every field by its path, and no other', async () => {
    const given = flags(
      '--gzip',
      '--max-body',
      '1GiB',
      '--rate',
      '10/20',
      '--header',
      'X-Frame-Options: DENY',
      '--no-allow',
    );
    const { service, paths } = await serviceOf('http', given);
    expect(paths.sort()).toEqual(
      ['allow', 'burst', 'gzip', 'max_body_bytes', 'requests_per_second', 'response_headers'].map(
        (field) => `http.options.${field}`,
      ),
    );
    expect(service.exposure.value).toMatchObject({
      options: {
        gzip: true,
        maxBodyBytes: 1n << 30n,
        requestsPerSecond: 10,
        burst: 20,
        responseHeaders: [{ name: 'X-Frame-Options', value: 'DENY' }],
        allow: [],
      },
    });
  });

  it('keeps of the sign-in what is not named', async () => {
    const signIn = { require: SignInRequirement.GROUPS, groups: ['staff'], openPaths: ['/hooks'] };
    const known = create(ServiceSchema, { exposure: { case: 'http', value: { options: { signIn } } } });
    const opened = await serviceOf('http', flags('--open-path', '/a', '--open-path', '/b'), known);
    expect(opened.paths).toEqual(['http.options.sign_in']);
    expect(opened.service.exposure.value).toMatchObject({
      options: { signIn: { require: SignInRequirement.GROUPS, groups: ['staff'], openPaths: ['/a', '/b'] } },
    });
    const none = await serviceOf('http', flags('--sign-in', 'nobody'), known);
    expect(none.service.exposure.value).toMatchObject({ options: { signIn: { groups: [], openPaths: [] } } });
  });

  it.each([
    ['http', '--proxy-protocol'],
    ['tcp', '--gzip'],
    ['udp', '--tls', 'terminate'],
  ] as const)('by %s takes no %s', async (kind, ...words) => {
    await expect(serviceOf(kind, flags(...words))).rejects.toThrow(`${words[0]} is not for services by ${kind}.`);
  });

  it.each([
    ['--max-body', '1GB'],
    ['--rate', 'ten'],
    ['--sign-in', 'everyone'],
    ['--tls', 'ssl'],
  ])('refuses %s %s', (...words) => {
    expect(() => flags(...words)).toThrow(/It takes/);
  });
});
