/** What may happen to a site in memory, for properties that must hold whatever does. */
import fc from 'fast-check';
import { httpService, type SiteModel, sharedService, streamService } from './site-model.ts';

/** Something that happens to a site; it does nothing where it is not possible. */
export type Change = (model: SiteModel) => void;

const number = fc.nat(12);
const wish = fc.record(
  {
    path: fc.constantFrom('/', '/api', '/api/v1'),
    options: fc.constantFrom(null, '{"gzip":true}', '{"allow":["10.0.0.0/8"]}', '{"signIn":{"require":"members"}}'),
    further: fc.nat(2),
  },
  { requiredKeys: [] },
);
const http = fc
  .tuple(number, fc.nat(2), fc.constantFrom(80, 8080), wish)
  .map(([n, domain, port, more]) => httpService(n, domain, port, more));
const tcp = fc.oneof(
  number.map((n) => streamService(n, 'tcp', 22)),
  fc
    .tuple(number, fc.nat(2), fc.constantFrom('terminate' as const, 'pass_through' as const))
    .map(([n, domain, tls]) => sharedService(n, domain, tls)),
);
const services = fc.tuple(http, fc.array(tcp, { maxLength: 1 })).map(([one, more]) => [one, ...more]);

/** Any of the things that move a site's desired state. */
export const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(number, services).map(
    ([n, some]): Change =>
      (model) =>
        model.addContainer(n, some),
  ),
  fc.tuple(number, services).map(
    ([n, some]): Change =>
      (model) =>
        model.setServices(n, some),
  ),
  number.map(
    (n): Change =>
      (model) =>
        model.removeContainer(n),
  ),
  fc.tuple(number, fc.constantFrom('ready' as const, 'deleting' as const)).map(
    ([n, phase]): Change =>
      (model) =>
        model.changeContainer(n, { phase }),
  ),
  fc.tuple(number, fc.nat(200)).map(
    ([n, vmid]): Change =>
      (model) =>
        model.changeContainer(n, { vmid: 500 + vmid }),
  ),
  fc.tuple(number, fc.constantFrom('nod-1', 'nod-2')).map(
    ([n, node_id]): Change =>
      (model) =>
        model.changeContainer(n, { node_id }),
  ),
  fc.nat(2).map(
    (n): Change =>
      (model) =>
        model.addDomain(n),
  ),
  fc.tuple(fc.nat(2), fc.constantFrom('one', 'two')).map(
    ([n, pem]): Change =>
      (model) =>
        model.renewCertificate(n, pem),
  ),
  fc.tuple(number, fc.constantFrom('', 'own', 'renewed')).map(
    ([n, pem]): Change =>
      (model) =>
        model.setOwnCertificate(n, pem),
  ),
  fc.tuple(fc.constantFrom('nod-1', 'nod-2'), fc.constantFrom(null, 'agt-1', 'agt-2')).map(
    ([id, agent]): Change =>
      (model) =>
        model.setNode(id, agent),
  ),
  fc.subarray(['agt-1', 'agt-2']).map(
    (ids): Change =>
      (model) =>
        model.setAgents(ids),
  ),
  fc.constantFrom('lab.internal', 'else.internal').map(
    (name): Change =>
      (model) =>
        model.setInternalDomain(name),
  ),
  fc.constant<Change>((model) => model.prune()),
);
