import { taken } from '../../errors.ts';
import { UniqueViolation } from '../../store/violations.ts';

/** Runs a change of people; a login name or an address somebody else has becomes an error at its field. */
export async function namingTakenPerson<T>(
  fields: { username?: string; email: string; path?: string },
  work: () => Promise<T>,
): Promise<T> {
  const path = fields.path ?? 'user.';
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof UniqueViolation)) throw error;
    if (error.constraint === 'users_username') {
      throw taken('username_taken', `${path}username`, `The login name "${fields.username}" is taken.`);
    }
    if (error.constraint === 'users_email') {
      throw taken('email_taken', `${path}email`, `Somebody else has the address "${fields.email}".`);
    }
    throw error;
  }
}
