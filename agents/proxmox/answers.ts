import * as z from 'zod';

/**
 * The parts of PVE's answers that are used. Numbers often arrive as text and the other way round, so both are taken;
 * everything else in an answer is left alone.
 */
const number = z.coerce.number();

/** The UPID of a task that has begun. */
export const upidAnswer = z.string().startsWith('UPID:');

/** An answer without content. */
export const emptyAnswer = z.null().optional();

/** `GET …/lxc/{vmid}/config`; only lock and digest while it is being created. */
export const configAnswer = z.looseObject({
  digest: z.string().optional(),
  lock: z.string().optional(),
  description: z.string().optional(),
  hostname: z.string().optional(),
  net0: z.string().optional(),
  /** NAME=value pairs with NUL between. */
  env: z.string().optional(),
});

/** `GET …/lxc/{vmid}/status/current`, and an element of `GET …/lxc`. */
export const statusAnswer = z.looseObject({
  vmid: number,
  status: z.string(),
  name: z.string().optional(),
  lock: z.string().optional(),
  uptime: number.optional(),
  mem: number.optional(),
  cpu: number.optional(),
});

/** `GET …/lxc`. */
export const guestsAnswer = z.array(statusAnswer);

/** `GET …/lxc/{vmid}/interfaces`; null for a guest that is stopped. */
export const interfacesAnswer = z
  .array(
    z.looseObject({
      name: z.string(),
      inet: z.string().optional(),
      inet6: z.string().optional(),
      'ip-addresses': z.array(z.looseObject({ 'ip-address': z.string() })).optional(),
    }),
  )
  .nullable();

/** `GET /cluster/resources?type=vm`. */
export const resourcesAnswer = z.array(
  z.looseObject({ vmid: number.optional(), node: z.string().optional(), type: z.string() }),
);

/** `GET …/storage/{storage}/content`. */
export const contentAnswer = z.array(z.looseObject({ volid: z.string(), ctime: number.optional() }));

/** `GET …/tasks/{upid}/status`. */
export const taskStatusAnswer = z.looseObject({ status: z.string(), exitstatus: z.string().optional() });

/** `GET …/tasks/{upid}/log`. */
export const taskLogAnswer = z.array(z.looseObject({ n: number, t: z.string() }));

/** `GET …/tasks`, newest first. */
export const tasksAnswer = z.array(z.looseObject({ upid: z.string(), type: z.string(), starttime: number }));

/** `GET /access/permissions?path=…`: privileges by path. */
export const permissionsAnswer = z.record(z.string(), z.record(z.string(), z.unknown()));

/** The answers' types. */
export type GuestConfig = z.output<typeof configAnswer>;
export type GuestCurrent = z.output<typeof statusAnswer>;
