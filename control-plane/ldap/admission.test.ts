import { describe, expect, test } from 'vitest';
import { Admission } from './admission.ts';

class Guest {
  readonly address: string;
  bound = false;
  heardAt: number;
  gone = false;

  constructor(address: string, heardAt = 0) {
    this.address = address;
    this.heardAt = heardAt;
  }

  destroy(): void {
    this.gone = true;
  }
}

function admission(total: number, unboundPerAddress: number) {
  const all = new Admission<Guest>({ total, unboundPerAddress });
  const come = (guest: Guest) => {
    if (!all.makeRoom(guest.address)) return false;
    all.add(guest);
    return true;
  };
  return { all, come };
}

describe('one address', () => {
  test('has any number of connections on which somebody has bound', () => {
    const { all, come } = admission(10_000, 3);
    for (let n = 0; n < 1_000; n += 1) {
      const guest = new Guest('192.0.2.1', n);
      expect(come(guest)).toBe(true);
      guest.bound = true;
    }
    expect(all.size).toBe(1_000);
  });

  test('loses the one that was silent longest when too many have not bound', () => {
    const { come } = admission(100, 3);
    const guests = [5, 2, 9].map((heardAt) => new Guest('192.0.2.1', heardAt));
    guests.forEach(come);
    expect(come(new Guest('192.0.2.1', 10))).toBe(true);
    expect(guests.map(({ gone }) => gone)).toEqual([false, true, false]);
  });

  test('takes nothing from others', () => {
    const { come } = admission(100, 2);
    const other = new Guest('192.0.2.2');
    come(other);
    for (let n = 1; n < 50; n += 1) come(new Guest('192.0.2.1', n));
    expect(other.gone).toBe(false);
  });
});

describe('when all places are taken', () => {
  test('the address with most of those that have not bound gives one up', () => {
    const { come } = admission(4, 10);
    const crowd = [1, 2, 3].map((heardAt) => new Guest('192.0.2.1', heardAt));
    const alone = new Guest('192.0.2.2', 0);
    [...crowd, alone].forEach(come);
    expect(come(new Guest('192.0.2.3', 9))).toBe(true);
    expect([...crowd, alone].map(({ gone }) => gone)).toEqual([true, false, false, false]);
  });

  test('and everybody has bound, newcomers are turned away', () => {
    const { come } = admission(2, 10);
    const guests = [new Guest('192.0.2.1'), new Guest('192.0.2.2')];
    for (const guest of guests) {
      come(guest);
      guest.bound = true;
    }
    expect(come(new Guest('192.0.2.3'))).toBe(false);
    expect(guests.some(({ gone }) => gone)).toBe(false);
  });

  test('a place is free again once somebody has left', () => {
    const { all, come } = admission(1, 10);
    const first = new Guest('192.0.2.1');
    come(first);
    first.bound = true;
    all.remove(first);
    expect(come(new Guest('192.0.2.3'))).toBe(true);
  });
});
