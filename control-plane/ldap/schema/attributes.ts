/** The attributes there are (RFC 4512, 4519, 2307, 2798 and what SSH and sudo add), by any of their names. */
import { dnKey } from './dn.ts';
import {
  directoryString,
  exactString,
  generalizedTime,
  ia5String,
  integer,
  objectIdentifier,
  octetString,
  type Syntax,
  uuid,
} from './syntaxes.ts';

/** A type of attribute. */
export interface AttributeType {
  readonly oid: string;
  /** As it is written in answers. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly syntax: Syntax;
  readonly single: boolean;
  /** Given only to those who ask for it by name or by "+". */
  readonly operational: boolean;
}

const distinguishedName: Syntax = {
  oid: '1.3.6.1.4.1.1466.115.121.1.12',
  rules: { equality: 'distinguishedNameMatch' },
  key: dnKey,
};

type Options = { aliases?: string[]; single?: boolean; operational?: boolean };

function type(name: string, oid: string, syntax: Syntax, options: Options = {}): AttributeType {
  const { aliases = [], single = false, operational = false } = options;
  return { name, oid, syntax, aliases, single, operational };
}

const SINGLE = { single: true };
const OPERATIONAL = { operational: true };
const SINGLE_OPERATIONAL = { single: true, operational: true };
const NIS = '1.3.6.1.1.1.1';
const SUDO = '1.3.6.1.4.1.15953.9.1';

const TYPES = {
  objectClass: type('objectClass', '2.5.4.0', objectIdentifier),
  cn: type('cn', '2.5.4.3', directoryString, { aliases: ['commonName'] }),
  sn: type('sn', '2.5.4.4', directoryString, { aliases: ['surname'] }),
  o: type('o', '2.5.4.10', directoryString, { aliases: ['organizationName'] }),
  ou: type('ou', '2.5.4.11', directoryString, { aliases: ['organizationalUnitName'] }),
  description: type('description', '2.5.4.13', directoryString),
  member: type('member', '2.5.4.31', distinguishedName),
  givenName: type('givenName', '2.5.4.42', directoryString, { aliases: ['gn'] }),
  userPassword: type('userPassword', '2.5.4.35', octetString),
  uid: type('uid', '0.9.2342.19200300.100.1.1', directoryString, { aliases: ['userid'] }),
  mail: type('mail', '0.9.2342.19200300.100.1.3', ia5String, { aliases: ['rfc822Mailbox'] }),
  dc: type('dc', '0.9.2342.19200300.100.1.25', ia5String, { aliases: ['domainComponent'], single: true }),
  displayName: type('displayName', '2.16.840.1.113730.3.1.241', directoryString, SINGLE),
  uidNumber: type('uidNumber', `${NIS}.0`, integer, SINGLE),
  gidNumber: type('gidNumber', `${NIS}.1`, integer, SINGLE),
  gecos: type('gecos', `${NIS}.2`, ia5String, SINGLE),
  homeDirectory: type('homeDirectory', `${NIS}.3`, exactString, SINGLE),
  loginShell: type('loginShell', `${NIS}.4`, exactString, SINGLE),
  shadowLastChange: type('shadowLastChange', `${NIS}.5`, integer, SINGLE),
  memberUid: type('memberUid', `${NIS}.12`, exactString),
  sshPublicKey: type('sshPublicKey', '1.3.6.1.4.1.24552.500.1.1.1.13', octetString),
  sudoUser: type('sudoUser', `${SUDO}.1`, exactString),
  sudoHost: type('sudoHost', `${SUDO}.2`, ia5String),
  sudoCommand: type('sudoCommand', `${SUDO}.3`, exactString),
  sudoOption: type('sudoOption', `${SUDO}.5`, exactString),
  sudoRunAsUser: type('sudoRunAsUser', `${SUDO}.7`, exactString),
  sudoRunAsGroup: type('sudoRunAsGroup', `${SUDO}.8`, exactString),
  sudoOrder: type('sudoOrder', `${SUDO}.10`, integer, SINGLE),
  memberOf: type('memberOf', '1.2.840.113556.1.2.102', distinguishedName, OPERATIONAL),
  entryUUID: type('entryUUID', '1.3.6.1.1.16.4', uuid, SINGLE_OPERATIONAL),
  entryDN: type('entryDN', '1.3.6.1.1.20', distinguishedName, SINGLE_OPERATIONAL),
  createTimestamp: type('createTimestamp', '2.5.18.1', generalizedTime, SINGLE_OPERATIONAL),
  modifyTimestamp: type('modifyTimestamp', '2.5.18.2', generalizedTime, SINGLE_OPERATIONAL),
  subschemaSubentry: type('subschemaSubentry', '2.5.18.10', distinguishedName, SINGLE_OPERATIONAL),
  structuralObjectClass: type('structuralObjectClass', '2.5.21.9', objectIdentifier, SINGLE_OPERATIONAL),
  hasSubordinates: type('hasSubordinates', '2.5.18.9', directoryString, SINGLE_OPERATIONAL),
  attributeTypes: type('attributeTypes', '2.5.21.5', directoryString, OPERATIONAL),
  objectClasses: type('objectClasses', '2.5.21.6', directoryString, OPERATIONAL),
  ldapSyntaxes: type('ldapSyntaxes', '1.3.6.1.4.1.1466.101.120.16', directoryString, OPERATIONAL),
  matchingRules: type('matchingRules', '2.5.21.4', directoryString, OPERATIONAL),
  namingContexts: type('namingContexts', '1.3.6.1.4.1.1466.101.120.5', distinguishedName, OPERATIONAL),
  defaultNamingContext: type('defaultNamingContext', '1.2.840.113556.1.4.1384', distinguishedName, SINGLE_OPERATIONAL),
  supportedControl: type('supportedControl', '1.3.6.1.4.1.1466.101.120.13', objectIdentifier, OPERATIONAL),
  supportedExtension: type('supportedExtension', '1.3.6.1.4.1.1466.101.120.7', objectIdentifier, OPERATIONAL),
  supportedFeatures: type('supportedFeatures', '1.3.6.1.4.1.4203.1.3.5', objectIdentifier, OPERATIONAL),
  supportedLDAPVersion: type('supportedLDAPVersion', '1.3.6.1.4.1.1466.101.120.15', integer, OPERATIONAL),
  supportedSASLMechanisms: type('supportedSASLMechanisms', '1.3.6.1.4.1.1466.101.120.14', directoryString, OPERATIONAL),
  vendorName: type('vendorName', '1.3.6.1.1.4', directoryString, SINGLE_OPERATIONAL),
} as const;

/** Name of an attribute. */
export type AttributeName = keyof typeof TYPES;

/** Every type by its name as it is written. */
export const attributeTypes: Readonly<Record<AttributeName, AttributeType>> = TYPES;

const BY_NAME = new Map<string, AttributeType>(
  Object.values<AttributeType>(TYPES).flatMap((each) =>
    [each.name, each.oid, ...each.aliases].map((name) => [name.toLowerCase(), each] as const),
  ),
);
/** Spellings seen, so that "uidNumber" costs one look; bounded, since clients choose them. */
const SPELLINGS = new Map<string, AttributeType | undefined>();
const MOST_SPELLINGS = 2_000;

/**
 * The type of an attribute by any of its names in any letter case, or by its OID. Undefined for what is not known, and
 * for names with options such as "userCertificate;binary": no attribute here has any.
 */
export function attributeType(name: string): AttributeType | undefined {
  const known = SPELLINGS.get(name);
  if (known || SPELLINGS.has(name)) return known;
  const found = BY_NAME.get(name.toLowerCase());
  if (SPELLINGS.size < MOST_SPELLINGS && name.length <= 64) SPELLINGS.set(name, found);
  return found;
}
