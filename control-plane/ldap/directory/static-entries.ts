/** Entries that are the same for everybody: the base, its branches, the root of the server and the schema. */
import { Oid } from '../protocol/oids.ts';
import { attributeTypes } from '../schema/attributes.ts';
import { attributeTypeText, objectClassTexts } from '../schema/subschema.ts';
import { type Entry, fixedEntry } from './entry.ts';
import type { Branch, Names } from './names.ts';

/** The entries by what they are. */
export interface StaticEntries {
  base: Entry;
  branches: Readonly<Record<Branch, Entry>>;
  /** The entry without a name that tells what the server can do (RFC 4512, 5.1). */
  root: Entry;
  subschema: Entry;
}

/** Makes them for one tree. */
export function staticEntries(names: Names): StaticEntries {
  const { base, subschema } = names;
  const common = { subschemaSubentry: [subschema] };
  const branch = (name: Branch) =>
    fixedEntry(names.branch(name), {
      objectClass: ['top', 'organizationalUnit'],
      ou: [name],
      structuralObjectClass: ['organizationalUnit'],
      entryDN: [names.branch(name)],
      hasSubordinates: ['TRUE'],
      ...common,
    });
  return {
    base: fixedEntry(base, {
      objectClass: ['top', 'organization', 'dcObject'],
      o: ['Berth'],
      dc: [/^dc=([^,+\\]+)/i.exec(base)?.[1] ?? 'berth'],
      structuralObjectClass: ['organization'],
      entryDN: [base],
      hasSubordinates: ['TRUE'],
      ...common,
    }),
    branches: {
      people: branch('people'),
      groups: branch('groups'),
      sudoers: branch('sudoers'),
      services: branch('services'),
    },
    root: fixedEntry('', {
      objectClass: ['top'],
      namingContexts: [base],
      defaultNamingContext: [base],
      supportedLDAPVersion: ['3'],
      supportedControl: [Oid.pagedResults, Oid.passwordPolicy],
      supportedExtension: [Oid.startTls, Oid.passwordModify, Oid.whoAmI],
      supportedFeatures: [Oid.allOperationalAttributes, Oid.absoluteFilters],
      vendorName: ['Berth'],
      ...common,
    }),
    subschema: fixedEntry(subschema, {
      objectClass: ['top', 'subentry', 'subschema'],
      cn: ['subschema'],
      attributeTypes: Object.values(attributeTypes).map(attributeTypeText),
      objectClasses: objectClassTexts,
      structuralObjectClass: ['subentry'],
      ...common,
    }),
  };
}
