import { AppError } from '../../errors.ts';
import { LDAPUSERS } from '../../store/built-in-groups.ts';
import { activeAdministratorExists, administratingGroups } from '../../store/standing.ts';
import type { Tx } from '../../store/store.ts';

/**
 * Refuses what was just done in a transaction if nobody is left who can sign in and administer, or if everybody would.
 * The transaction must have locked the directory before it read anything (every function that changes it begins with
 * that), so that of two who demote each other at once the second sees what the first did.
 * @throws AppError "last_administrator", "everybody_administrator"
 */
export async function keepAdministrators(tx: Tx): Promise<void> {
  if (!(await activeAdministratorExists(tx.db))) {
    throw new AppError('failed_precondition', {
      reason: 'last_administrator',
      message: 'Then nobody who can sign in would administer Berth; give somebody else the right first.',
    });
  }
  if ((await administratingGroups(tx.db)).has(LDAPUSERS.id)) {
    throw new AppError('failed_precondition', {
      reason: 'everybody_administrator',
      message: `Everybody is in ${LDAPUSERS.name}, so everybody would administer Berth.`,
    });
  }
}
