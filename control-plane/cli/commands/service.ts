import { type Service, ServiceSchema, ServicesService } from '@berth/proto/api/v1/services_pb.js';
import { Command } from 'commander';
import { clientOf } from '../client.ts';
import { CliError } from '../explain.ts';
import { printList, printMessage } from '../output.ts';
import { allPages } from '../pages.ts';
import { httpOption, portOption, type ServiceOption, wholeNumber } from '../parse.ts';

/** `berth service …`. */
export function serviceCommand(): Command {
  const service = new Command('service').description("How a container's ports are reached from outside");
  service
    .command('create')
    .argument('<container>', 'identifier or site/hostname')
    .description('Serve one more port')
    .option('--http <port:host>', 'by name over HTTPS', httpOption)
    .option('--tcp <port>', 'by an external TCP port', portOption('tcp'))
    .option('--udp <port>', 'by an external UDP port', portOption('udp'))
    .addHelpText('after', '\nExample:\n  berth service create lab/web1 --http 3000:api.apps.lab')
    .action(async (container: string, options: Record<string, ServiceOption[]>, command: Command) => {
      const [only, ...more] = Object.values(options).flatMap((o) => (Array.isArray(o) ? o : []));
      if (!only || more.length > 0) throw new CliError('give exactly one of --http, --tcp and --udp.');
      show(command, (await clientOf(ServicesService, command).createService({ container, service: only })).service);
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
  service
    .command('update')
    .argument('<service>', 'identifier')
    .requiredOption('--internal-port <port>', 'port inside the container', wholeNumber)
    .description('Change where it leads')
    .action(async (id: string, options: { internalPort: number }, command: Command) => {
      const updateMask = { paths: ['internal_port'] };
      const answer = await clientOf(ServicesService, command).updateService({
        service: { id, ...options },
        updateMask,
      });
      show(command, answer.service);
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

function show(command: Command, service: Service | undefined): void {
  if (!service) throw new CliError('the server sent no service.');
  printMessage(command, ServiceSchema, service, [
    ['Service', service.id],
    ['URL', service.url],
    ['Port', service.internalPort],
    ...service.conditions.map((c): [string, string] => [c.kind, c.message]),
  ]);
}
