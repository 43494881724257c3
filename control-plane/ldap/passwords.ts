/** What the gateway needs to know of people's passwords, whoever keeps them. */

/** A try to prove to be somebody. */
export interface PasswordTry {
  username: string;
  /** With the one-time code at its end, where the person wants that. */
  password: string;
  address: string;
}

/** Whether the password is that of an active person. "slowed": not even looked at, after too many wrong ones. */
export type Verdict =
  | { kind: 'right'; userId: string; passwordChangedAt: number }
  | { kind: 'wrong' }
  | { kind: 'slowed' };

/** A new password for a person who has bound. */
export interface PasswordChange {
  userId: string;
  /** The old one, where the client sends it: it must be right then. */
  old: string | undefined;
  /** The new one. */
  replacement: string;
  address: string;
}

/** How a change ended. */
export type ChangeOutcome =
  | { kind: 'changed'; passwordChangedAt: number }
  | { kind: 'wrong-old' | 'slowed' }
  /** The new password is no good, with the reason for its owner. */
  | { kind: 'unfit'; why: string };

/** Where passwords are kept. */
export interface Passwords {
  verify(attempt: PasswordTry): Promise<Verdict>;
  change(change: PasswordChange): Promise<ChangeOutcome>;
}
