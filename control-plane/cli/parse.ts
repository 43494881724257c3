import { InvalidArgumentError } from 'commander';

/** A whole number option. */
export function wholeNumber(text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('It takes a whole number.');
  return Number(text);
}

/** Adds to a repeatable option. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text];
}

/** What a service option says. */
export interface ServiceOption {
  internalPort: number;
  exposure:
    | { case: 'http'; value: { host: string; path: string; backendTls: boolean } }
    | { case: 'tcp' | 'udp'; value: { externalPort: number } };
}

/** `PORT:HOST`, `PORT:HOST/PATH` or either with `:https`, as in `--http 80:web1.apps.lab`. */
export function httpOption(text: string, before: ServiceOption[] = []): ServiceOption[] {
  const [port = '', place = '', scheme = 'http', ...rest] = text.split(':');
  const slash = place.indexOf('/');
  const [host, path] = slash < 0 ? [place, ''] : [place.slice(0, slash), place.slice(slash)];
  if (!host || rest.length > 0 || !['http', 'https'].includes(scheme)) {
    throw new InvalidArgumentError('It takes PORT:HOST, PORT:HOST/PATH or either with :https, e.g. 80:web1.apps.lab.');
  }
  const value = { host, path, backendTls: scheme === 'https' };
  return [...before, { internalPort: wholeNumber(port), exposure: { case: 'http', value } }];
}

/** `PORT` or `PORT:EXTERNAL`, as in `--tcp 22` or `--tcp 5432:2500`. */
export function portOption(kind: 'tcp' | 'udp') {
  return (text: string, before: ServiceOption[] = []): ServiceOption[] => {
    const [port = '', external = '0', ...rest] = text.split(':');
    if (rest.length > 0) throw new InvalidArgumentError('It takes PORT or PORT:EXTERNAL, e.g. 22 or 5432:2500.');
    const value = { externalPort: wholeNumber(external) };
    return [...before, { internalPort: wholeNumber(port), exposure: { case: kind, value } }];
  };
}

/** The names of the options given, as the paths of a field mask; `names` maps option → path. */
export function maskOf(options: Record<string, unknown>, names: Record<string, string>): string[] {
  return Object.entries(names).flatMap(([option, path]) => (options[option] === undefined ? [] : [path]));
}
