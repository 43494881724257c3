// Writes the pages of docs/reference, which are made of the sources they describe.
//   node scripts/docs/main.ts DIRECTORY
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { buildProgram as agentProgram } from '@berth/agents/berth-agent.ts';
import { buildProgram as berthProgram } from '@berth/control-plane/cli/berth.ts';
import { commandPage } from './commands.ts';
import { configurationPage } from './configuration.ts';
import { metricsPage } from './metrics.ts';
import { protocolPages } from './protocol.ts';
import { readProtocol } from './read-protocol.ts';

const [directory] = process.argv.slice(2);
if (!directory) throw new Error('name the directory to write to, docs/reference usually');

const pages = new Map([
  ['berth.md', commandPage(berthProgram(), 'control-plane/cli')],
  ['berth-agent.md', commandPage(agentProgram(), 'agents/berth-agent.ts')],
  ['configuration.md', await configurationPage()],
  ['metrics.md', await metricsPage()],
]);
const own = (await readProtocol()).filter((file) => file.name.startsWith('berth/'));
for (const [name, text] of protocolPages(own)) pages.set(join('protocol', name), text);

await rm(directory, { recursive: true, force: true });
for (const [name, text] of pages) {
  await mkdir(join(directory, dirname(name)), { recursive: true });
  await writeFile(join(directory, name), text);
}
// What collects the figures of a process would keep this one alive.
process.exit();
