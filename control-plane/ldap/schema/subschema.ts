/** The schema as the subschema entry tells it (RFC 4512, 4.1 and 4.2). */
import type { AttributeType } from './attributes.ts';

/** One attribute type. */
export function attributeTypeText(type: AttributeType): string {
  const { oid, name, aliases, syntax, single, operational } = type;
  const names = aliases.length === 0 ? `'${name}'` : `( ${[name, ...aliases].map((each) => `'${each}'`).join(' ')} )`;
  const { equality, ordering, substrings } = syntax.rules;
  const rules = [`EQUALITY ${equality}`];
  if (ordering) rules.push(`ORDERING ${ordering}`);
  if (substrings) rules.push(`SUBSTR ${substrings}`);
  const end = [
    `SYNTAX ${syntax.oid}`,
    ...(single ? ['SINGLE-VALUE'] : []),
    ...(operational ? ['NO-USER-MODIFICATION', 'USAGE directoryOperation'] : []),
  ];
  return ['(', oid, 'NAME', names, ...rules, ...end, ')'].join(' ');
}

/** The classes of the entries there are, with the attributes that these have. */
export const objectClassTexts: readonly string[] = [
  "( 2.5.6.0 NAME 'top' ABSTRACT MUST objectClass )",
  "( 2.5.6.4 NAME 'organization' SUP top STRUCTURAL MUST o MAY description )",
  "( 1.3.6.1.4.1.1466.344 NAME 'dcObject' SUP top AUXILIARY MUST dc )",
  "( 2.5.6.5 NAME 'organizationalUnit' SUP top STRUCTURAL MUST ou MAY description )",
  "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY ( userPassword $ description ) )",
  "( 2.5.6.7 NAME 'organizationalPerson' SUP person STRUCTURAL MAY ou )",
  "( 2.16.840.1.113730.3.2.2 NAME 'inetOrgPerson' SUP organizationalPerson STRUCTURAL MAY ( displayName $ givenName $ mail $ o $ uid ) )",
  "( 1.3.6.1.1.1.2.0 NAME 'posixAccount' SUP top AUXILIARY MUST ( cn $ uid $ uidNumber $ gidNumber $ homeDirectory ) MAY ( userPassword $ loginShell $ gecos $ description ) )",
  "( 1.3.6.1.1.1.2.1 NAME 'shadowAccount' SUP top AUXILIARY MUST uid MAY ( userPassword $ shadowLastChange $ description ) )",
  "( 1.3.6.1.4.1.24552.500.1.1.2.0 NAME 'ldapPublicKey' SUP top AUXILIARY MUST uid MAY sshPublicKey )",
  "( 1.3.6.1.1.1.2.2 NAME 'posixGroup' SUP top AUXILIARY MUST ( cn $ gidNumber ) MAY ( userPassword $ memberUid $ description ) )",
  "( 1.3.6.1.4.1.12840.2.6.5 NAME 'groupOfMembers' SUP top STRUCTURAL MUST cn MAY ( member $ description ) )",
  "( 1.3.6.1.4.1.15953.9.2.1 NAME 'sudoRole' SUP top STRUCTURAL MUST cn MAY ( sudoUser $ sudoHost $ sudoCommand $ sudoRunAsUser $ sudoRunAsGroup $ sudoOption $ sudoOrder $ description ) )",
  "( 2.5.6.11 NAME 'applicationProcess' SUP top STRUCTURAL MUST cn MAY description )",
  "( 2.5.17.0 NAME 'subentry' SUP top STRUCTURAL MUST cn )",
  "( 2.5.20.1 NAME 'subschema' AUXILIARY MAY ( attributeTypes $ objectClasses ) )",
];
