import type { DescService } from '@bufbuild/protobuf';
import { expect, it } from 'vitest';
import { apiServices } from '../api/routes.ts';
import { policy } from './policy.ts';

it('has a row for every RPC and no other', () => {
  const rpcs = apiServices.flatMap((service: DescService) =>
    service.methods.map((method) => `${service.name}.${method.name}`),
  );
  expect(Object.keys(policy).sort()).toEqual(rpcs.sort());
});
