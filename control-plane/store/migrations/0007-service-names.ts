import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Types } from '../dialect.ts';
import { type Columns, ID, identified, MS, optional, required } from './columns.ts';
import { createIndex, createTable, unlessDone } from './create.ts';

const names: Columns = (t) =>
  required(identified(t), {
    service_id: ID,
    site_id: ID,
    domain_id: ID,
    host: 'varchar(253)',
    path: 'varchar(200)',
    position: 'integer',
  })
    .addUniqueConstraint('service_names_place', ['host', 'path'])
    .addForeignKeyConstraint('service_names_service', ['service_id'], 'services', ['id'], (f) => f.onDelete('cascade'))
    .addForeignKeyConstraint('service_names_domain', ['domain_id'], 'domains', ['id']);

/** The services as they are from now on. */
const services: Columns = (t, is) =>
  optional(
    required(identified(t), {
      container_id: ID,
      site_id: ID,
      kind: 'varchar(8)',
      internal_port: 'integer',
      backend_tls: 'smallint',
      created_at: MS,
    }),
    { domain_id: ID, external_port: 'integer', options: is.text },
  )
    .addColumn('tls', 'varchar(16)', (c) => c.notNull().defaultTo(''))
    .addColumn('sni_host', 'varchar(253)', (c) => c.notNull().defaultTo(''))
    .addUniqueConstraint('services_port', ['site_id', 'kind', 'external_port', 'sni_host'])
    .addForeignKeyConstraint('services_container', ['container_id'], 'containers', ['id'], (f) => f.onDelete('cascade'))
    .addForeignKeyConstraint('services_domain', ['domain_id'], 'domains', ['id']);

const kept = sql.raw(
  'id, container_id, site_id, kind, internal_port, backend_tls, created_at, domain_id, external_port',
);

/**
 * A service gets any number of names, each with a path, in a table of its own; a TCP service gets a name by which it
 * shares its port with others. `services.host` goes.
 */
export async function moveServiceNames(db: Kysely<unknown>, is: Types): Promise<void> {
  if (is.dialect === 'sqlite') return rebuild(db, is);
  await addColumns(db, is);
  await createTable(db, is, 'service_names', names);
  await createIndex(db, 'service_names', ['service_id']);
  await unlessDone('ER_BAD_FIELD_ERROR', () => copyNames(db, 'services'));
  await dropFormer(db, is);
}

/** SQLite drops no constraint, so the table is made anew. Nothing refers to it yet. */
async function rebuild(db: Kysely<unknown>, is: Types): Promise<void> {
  await sql`alter table services rename to services_before`.execute(db);
  await sql`drop index services_by_container_id`.execute(db);
  await createTable(db, is, 'services', services);
  await sql`insert into services (${kept}) select ${kept} from services_before`.execute(db);
  await createIndex(db, 'services', ['container_id']);
  await createTable(db, is, 'service_names', names);
  await createIndex(db, 'service_names', ['service_id']);
  await copyNames(db, 'services_before');
  await sql`drop table services_before`.execute(db);
  await sql`update services set domain_id = null`.execute(db);
}

async function addColumns(db: Kysely<unknown>, is: Types): Promise<void> {
  const added: [string, string, boolean][] = [
    ['options', is.text, false],
    ['tls', 'varchar(16)', true],
    ['sni_host', 'varchar(253)', true],
  ];
  for (const [name, type, filled] of added) {
    const change = db.schema
      .alterTable('services')
      .addColumn(name, sql.raw(type), (c) => (filled ? c.notNull().defaultTo('') : c));
    await unlessDone('ER_DUP_FIELDNAME', () => change.execute());
  }
}

/** The first name of a service bears the service's identifier. */
async function copyNames(db: Kysely<unknown>, from: string): Promise<void> {
  await sql`insert into service_names (id, service_id, site_id, domain_id, host, path, position)
    select id, id, site_id, domain_id, host, '/', 0 from ${sql.table(from)}
    where host is not null and id not in (select service_id from service_names)`.execute(db);
}

/** A port is shared by names from now on, so its constraint is made anew; what a killed start did is passed over. */
async function dropFormer(db: Kysely<unknown>, is: Types): Promise<void> {
  const kind = sql.raw(is.dialect === 'mysql' ? 'index' : 'constraint');
  const change = (done: string, statement: RawBuilder<unknown>) =>
    unlessDone(done, async () => void (await statement.execute(db)));
  const former = 'ER_CANT_DROP_FIELD_OR_KEY';
  await change(former, sql`alter table services drop ${kind} services_host`);
  await change(former, sql`alter table services drop column host`);
  await change(former, sql`alter table services drop ${kind} services_port`);
  await change(
    'ER_DUP_KEYNAME',
    sql`alter table services add constraint services_port unique (site_id, kind, external_port, sni_host)`,
  );
  await sql`update services set domain_id = null`.execute(db);
}
