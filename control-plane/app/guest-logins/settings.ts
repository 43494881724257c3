import { AppError } from '../../errors.ts';
import type { AppDeps, LoginsPort } from '../app-deps.ts';

/** What guests are told of the directory. @throws AppError "logins_not_offered" where there is none for them */
export function offeredLogins({ logins }: Pick<AppDeps, 'logins'>): LoginsPort {
  if (logins) return logins;
  throw new AppError('failed_precondition', {
    reason: 'logins_not_offered',
    message: 'This installation offers no directory to containers: its LDAP gateway is not configured.',
  });
}

/** As what a container binds. */
export function bindDn(logins: LoginsPort, containerId: string): string {
  return `cn=${containerId},ou=services,${logins.baseDn}`;
}

/** A container's settings by the names they have in its files; without its secret. */
export function guestSettings(logins: LoginsPort, containerId: string): Record<string, string> {
  return {
    URL: logins.url,
    LDAP_URI: logins.ldapUris.join(' '),
    LDAP_BASE: logins.baseDn,
    BIND_DN: bindDn(logins, containerId),
    CONTAINER: containerId,
    CA: base64(logins.caPem),
  };
}

/** The same as environment variables of the container's first process, with the secret. */
export function guestEnvironment(
  logins: LoginsPort,
  containerId: string,
  secret: string,
): { name: string; value: string }[] {
  const values = {
    BERTH_URL: logins.url,
    BERTH_CONTAINER: containerId,
    BERTH_LDAP_URI: logins.ldapUris.join(' '),
    BERTH_LDAP_BASE: logins.baseDn,
    BERTH_LDAP_BIND_DN: bindDn(logins, containerId),
    BERTH_LDAP_SECRET: secret,
    BERTH_LDAP_CA: base64(logins.caPem),
  };
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
