import { AppError } from '../../errors.ts';

/** The error for what cannot be done without mail. */
export function mailNotSetUp(): AppError {
  return new AppError('failed_precondition', {
    reason: 'mail_not_set_up',
    message: 'No mail server is set up; name one in the settings first.',
  });
}
