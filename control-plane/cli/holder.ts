import { ContainerRole, type Holder } from '@berth/proto/api/v1/access_pb.js';
import { InvalidArgumentError, Option } from 'commander';

/** `NAME` or `group:NAME`, as people say who gets a role. */
export function holderOption(text: string) {
  const group = /^group:(.+)$/.exec(text)?.[1];
  return { holder: group ? { case: 'group' as const, value: group } : { case: 'user' as const, value: text } };
}

/** How a holder is printed; the same that `holderOption` reads. */
export function holderText(holder: Holder | undefined): string {
  const { case: kind, value = '' } = holder?.holder ?? {};
  return kind === 'group' ? `group:${value}` : value;
}

const ROLES: Record<string, ContainerRole> = {
  viewer: ContainerRole.VIEWER,
  user: ContainerRole.USER,
  maintainer: ContainerRole.MAINTAINER,
};

/** `viewer`, `user` or `maintainer`. */
export function roleOption(text: string): ContainerRole {
  const role = ROLES[text];
  if (role === undefined) throw new InvalidArgumentError('It takes viewer, user or maintainer.');
  return role;
}

/** `--role <role>` with what it is for. */
export function roleFlag(flag: string, description: string): Option {
  return new Option(`${flag} <role>`, `${description}: viewer, user or maintainer`).argParser(roleOption);
}

/** A role as a word. */
export function roleText(role: ContainerRole): string {
  return role === ContainerRole.UNSPECIFIED ? '' : (ContainerRole[role] ?? '').toLowerCase();
}
