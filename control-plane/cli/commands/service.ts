import { type Service, ServiceSchema, ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { httpOption, portOption, type ServiceOption, wholeNumber } from '../parse.ts';
import { type ServiceFlags, withServiceFlags } from './service-flags.ts';
import { serviceOf } from './service-request.ts';
import { serviceLines } from './service-text.ts';

interface CreateFlags extends ServiceFlags {
  http?: ServiceOption[];
  tcp?: ServiceOption[];
  udp?: ServiceOption[];
}

const CREATE_EXAMPLES = `
Examples:
  berth service create lab/web1 --http 3000:api.apps.lab --sign-in members --open-path /webhooks
  berth service create lab/web1 --http 8080:www.apps.lab/shop --strip-path --gzip --max-body 1GiB --health /healthz
  berth service create lab/db1 --tcp 5432:2500 --tls terminate --host db1.apps.lab --proxy-protocol
  berth service create lab/db1 --tcp 22 --allow 10.0.0.0/8`;

const UPDATE_EXAMPLES = `
Examples:
  berth service update svc-01j… --header 'X-Frame-Options: DENY' --header 'Server-Timing:' --rate 10/20
  berth service update svc-01j… --sign-in group:staff,guests --basic-auth ada --no-allow
  berth service update svc-01j… --maintenance 'Back at nine.'
  berth service update svc-01j… --no-maintenance`;

/** `berth service …`. */
export function serviceCommand(): Command {
  const service = new Command('service').description("How a container's ports are reached from outside");
  const create = service
    .command('create')
    .argument('<container>', 'identifier or site/hostname')
    .description('Serve one more port')
    .option('--http <port:host>', 'by name over HTTPS', httpOption)
    .option('--tcp <port>', 'by an external TCP port, PORT or PORT:EXTERNAL', portOption('tcp'))
    .option('--udp <port>', 'by an external UDP port, PORT or PORT:EXTERNAL', portOption('udp'))
    .option('--host <name>', 'for TCP with TLS: the name by which clients ask for it');
  withServiceFlags(create)
    .addHelpText('after', CREATE_EXAMPLES)
    .action(async (container: string, { http, tcp, udp, ...flags }: CreateFlags, command: Command) => {
      const [only, ...more] = [http, tcp, udp].flatMap((each) => each ?? []);
      if (!only || more.length > 0) throw new CliError('give exactly one of --http, --tcp and --udp.');
      const { service: wanted } = await serviceOf(only.exposure.case, { ...flags, ...flagsOf(only) });
      show(command, (await clientOf(ServicesService, command).createService({ container, service: wanted })).service);
    });
  service
    .command('list')
    .argument('<container>', 'identifier or site/hostname')
    .description('List the services of a container')
    .action(async (container: string, _options, command: Command) => {
      const client = clientOf(ServicesService, command);
      const services = await allPages(async (pageToken) => {
        const page = await client.listServices({ container, pageSize: 200, pageToken });
        return { items: page.services, next: page.nextPageToken };
      });
      printList(command, ServiceSchema, services, [
        { title: 'KIND', value: (s) => s.exposure.case ?? '' },
        { title: 'URL', value: (s) => s.url },
        { title: 'PORT', value: (s) => s.internalPort },
        { title: 'BACKEND', value: backendWord },
        { title: 'ID', value: (s) => s.id },
      ]);
    });
  service
    .command('get')
    .argument('<service>', 'identifier')
    .description('Show a service')
    .action(async (id: string, _options, command: Command) => {
      show(command, (await clientOf(ServicesService, command).getService({ service: id })).service);
    });
  const update = service
    .command('update')
    .argument('<service>', 'identifier')
    .description('Change what is named, and nothing else')
    .option('--internal-port <port>', 'port inside the container', wholeNumber)
    .option('--host <name>', 'its name; for TCP with TLS the name by which clients ask for it')
    .option('--external-port <port>', 'for TCP and UDP; 0 for the lowest free one', wholeNumber);
  withServiceFlags(update)
    .addHelpText('after', UPDATE_EXAMPLES)
    .action(async (id: string, flags: ServiceFlags, command: Command) => {
      const client = clientOf(ServicesService, command);
      const { service: known } = await client.getService({ service: id });
      if (!known?.exposure.case) throw new CliError('the server sent no service.');
      const { service: change, paths } = await serviceOf(known.exposure.case, flags, known);
      const request = { service: { ...change, id }, updateMask: { paths } };
      show(command, (await client.updateService(request)).service);
    });
  service
    .command('delete')
    .argument('<service>', 'identifier')
    .description('Serve it no more')
    .action(async (id: string, _options, command: Command) => {
      await clientOf(ServicesService, command).deleteService({ service: id });
    });
  return service;
}

function backendWord({ health }: Service): string {
  if (health.length === 0) return '';
  return health.every(({ healthy }) => healthy) ? 'answers' : 'does not answer';
}

function show(command: Command, service: Service | undefined): void {
  if (!service) throw new CliError('the server sent no service.');
  printMessage(command, ServiceSchema, service, serviceLines(service));
}

/** What the short form of a service says, as options. */
function flagsOf({ internalPort, exposure }: ServiceOption): ServiceFlags {
  if (exposure.case !== 'http') return { internalPort, externalPort: exposure.value.externalPort };
  const { host, path, backendTls } = exposure.value;
  return { internalPort, host, ...(path ? { path } : {}), ...(backendTls ? { backendTls } : {}) };
}
