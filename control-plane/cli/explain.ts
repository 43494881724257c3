import { ErrorDetailSchema } from '@berth/proto/api/v1/common_pb.js';
import { Code, ConnectError } from '@connectrpc/connect';

/** A failure of this command itself, with what to do about it. */
export class CliError extends Error {}

/** An error as a person reads it: the server's own message, each wrong field, and what to try. */
export function explain(error: unknown): string {
  if (error instanceof CliError) return `berth: ${error.message}`;
  const connect = ConnectError.from(error);
  const lines = [`berth: ${connect.rawMessage}`];
  for (const detail of connect.findDetails(ErrorDetailSchema)) {
    for (const violation of detail.fieldViolations) lines.push(`  ${violation.field}: ${violation.description}`);
  }
  if (connect.code === Code.Unavailable) lines.push('  Is the control plane running, and is BERTH_URL right?');
  if (connect.code === Code.Unauthenticated) lines.push('  Sign in with "berth login", or set BERTH_TOKEN.');
  return lines.join('\n');
}
