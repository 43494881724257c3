import { type Acl, type Identity, privilegesOn } from './access.ts';
import { forbidden, type PveError } from './pve-error.ts';
import type { Check, MethodSchema } from './schema.ts';

/** Decides what an identity may do, from its ACL, the pools of guests, and the schema's own check expressions. */
export class Permissions {
  readonly #poolOf: (vmid: number) => string | undefined;

  /** `poolOf` names the pool of a guest: privileges on a pool count for its members. */
  constructor(poolOf: (vmid: number) => string | undefined) {
    this.#poolOf = poolOf;
  }

  /** Every privilege on a path. */
  on(identity: Identity, path: string): ReadonlySet<string> {
    const granted = new Set(privilegesOn(identity.acl, path));
    const vmid = /^\/vms\/(\d+)$/.exec(path)?.[1];
    const pool = vmid === undefined ? undefined : this.#poolOf(Number(vmid));
    if (pool !== undefined) for (const privilege of ownEntry(identity.acl, `/pool/${pool}`)) granted.add(privilege);
    return granted;
  }

  has(identity: Identity, path: string, privilege: string): boolean {
    return this.on(identity, path).has(privilege);
  }

  /** Throws 403 unless one of `privileges` is held on `path`. */
  require(identity: Identity, path: string, ...privileges: string[]): void {
    const held = this.on(identity, path);
    if (!privileges.some((privilege) => held.has(privilege))) throw forbidden(`${path}, ${privileges.join('|')}`);
  }

  /** Applies a method's declared permissions; throws the 403 with the words of a real node. */
  check(identity: Identity, declared: MethodSchema['permissions'], values: Record<string, unknown>): void {
    const refusal = declared?.check ? this.#evaluate(identity, declared.check, values) : undefined;
    if (refusal) throw refusal;
  }

  #evaluate(identity: Identity, check: Check, values: Record<string, unknown>): PveError | undefined {
    const [kind, ...rest] = check;
    if (kind === 'perm') return this.#evaluatePerm(identity, rest, values);
    const results = (rest as Check[]).map((sub) => this.#evaluate(identity, sub, values));
    if (kind === 'and') return results.find((refusal) => refusal !== undefined);
    return results.every((refusal) => refusal !== undefined) ? forbidden() : undefined;
  }

  #evaluatePerm(identity: Identity, rest: unknown[], values: Record<string, unknown>): PveError | undefined {
    const [template, privileges, ...modifiers] = rest as [string, string[], ...unknown[]];
    const needed = modifiers.indexOf('require_param');
    if (needed >= 0 && values[String(modifiers[needed + 1])] === undefined) return forbidden();
    const path = template.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
    const held = this.on(identity, path);
    if (modifiers.includes('any')) {
      return privileges.some((p) => held.has(p)) ? undefined : forbidden(`${path}, ${privileges.join('|')}`);
    }
    const missing = privileges.find((privilege) => !held.has(privilege));
    return missing ? forbidden(`${path}, ${missing}`) : undefined;
  }
}

function ownEntry(acl: Acl, path: string): readonly string[] {
  return acl[path] ?? [];
}
