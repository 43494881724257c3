import fc from 'fast-check';
import { expect, test } from 'vitest';
import { asValue, type Column, columnTypeOf, parseRow, rowLine, type Table, type Value } from './rows.ts';

const TABLE: Table = {
  name: 'things',
  key: ['a'],
  columns: [
    { name: 'a', type: 'integer' },
    { name: 'b', type: 'text' },
    { name: 'c', type: 'bytes' },
    { name: 'd', type: 'real' },
  ],
};
const integer = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map((n): Value => asValue(n, TABLE.columns[0] as Column));
const text = fc.string({ unit: 'grapheme' });
const real = fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (Object.is(n, -0) ? 0 : n));

test('every row comes out of its line as it was, to the bit', () => {
  const row = fc.tuple(
    fc.option(integer),
    fc.option(text),
    fc.option(fc.uint8Array().map((bytes) => Buffer.from(bytes))),
    fc.option(real),
  );
  fc.assert(
    fc.property(row, (values) => {
      const line = rowLine(values);
      expect(line).not.toContain('\n');
      expect(parseRow(JSON.parse(line), TABLE)).toEqual(values);
    }),
  );
});

test('integers of 64 bits stay what they are, whatever the driver made of them', () => {
  const column: Column = { name: 'n', type: 'integer' };
  for (const raw of [5n, '5', 5]) expect(asValue(raw, column)).toBe(5);
  for (const raw of ['9223372036854775807', 9223372036854775807n]) expect(asValue(raw, column)).toBe(2n ** 63n - 1n);
  expect(rowLine([2n ** 63n - 1n])).toBe('["9223372036854775807"]');
});

test('what does not fit its column is refused', () => {
  const wrong: [unknown, Column['type']][] = [
    ['a', 'integer'],
    [1.5, 'integer'],
    [5, 'text'],
    ['AAEC', 'bytes'],
  ];
  for (const [raw, type] of wrong) expect(() => asValue(raw, { name: 'x', type })).toThrow(/column x/);
  expect(() => parseRow([1, 'b'], TABLE)).toThrow(/things/);
});

test('types of all engines are known by their names', () => {
  const names = {
    integer: ['bigint', 'int', 'smallint', 'INTEGER'],
    bytes: ['bytea', 'mediumblob', 'BLOB'],
    real: ['double precision'],
  };
  for (const [type, all] of Object.entries(names)) for (const name of all) expect(columnTypeOf(name)).toBe(type);
  for (const name of ['varchar(40)', 'character varying(40)', 'text', 'mediumtext', 'char'])
    expect(columnTypeOf(name)).toBe('text');
  expect(() => columnTypeOf('jsonb')).toThrow(/jsonb/);
});
