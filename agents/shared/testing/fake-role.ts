import type { Command } from '@berth/proto/agent/v1/command_pb.js';
import { Role } from '@berth/proto/agent/v1/session_pb.js';
import type { ApplyReport, CommandContext, CommandOutcome, DesiredSet, RoleContext, RoleModule } from '../role.ts';

/** What an apply that went well reports. */
export const RUNNING: ApplyReport = { status: 'running', errors: [], timingsMs: { reload: 1 } };

/** A role whose host is the test. */
export class FakeRole implements RoleModule {
  readonly role = Role.DNSMASQ;
  readonly kinds = ['nameRecord', 'reservation'] as const;
  readonly commands = ['releaseLease', 'startGuest', 'inspectGuest'] as const;
  readonly applied: DesiredSet[] = [];
  readonly executed: string[] = [];
  sessions = 0;
  stopped = false;
  context: RoleContext | undefined;
  onStart: () => Promise<void> = async () => {};
  onApply: (desired: DesiredSet) => ApplyReport | Promise<ApplyReport> = () => RUNNING;
  onExecute: (command: Command, context: CommandContext) => Promise<CommandOutcome> = async () => ({
    ok: true,
    success: {},
  });

  async capabilities(): Promise<string[]> {
    return ['fake/1'];
  }

  async start(context: RoleContext): Promise<void> {
    await this.onStart();
    this.context = context;
  }

  async apply(desired: DesiredSet): Promise<ApplyReport> {
    this.applied.push(desired);
    return this.onApply(desired);
  }

  execute(command: Command, context: CommandContext): Promise<CommandOutcome> {
    this.executed.push(command.id);
    return this.onExecute(command, context);
  }

  sessionOpened(): void {
    this.sessions += 1;
  }

  async stop(): Promise<void> {
    this.stopped = true;
  }
}
