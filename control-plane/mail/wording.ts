/**
 * What mails say: subject and plain text, lines of at most 72 characters but for links. What somebody unknown has typed
 * (a name in a registration) stands in no mail to an address that is not yet known to be his: else anybody could have
 * us write to anybody in his own words.
 */

/** Subject and text. */
export interface Wording {
  subject: string;
  text: string;
}

/** Who writes. */
export interface Sender {
  /** What the installation calls itself. */
  publicName: string;
  /** Where its pages are. */
  url: string;
}

/** Shows that mail works. */
export function testMail(sender: Sender & { by: string }): Wording {
  return worded(sender, `Mail from ${sender.publicName} works`, [
    `This is the test that ${sender.by} asked for. Mail from ${sender.publicName}`,
    'reaches you.',
  ]);
}

/** What an administrator tells everybody. */
export function mailToAll({ subject, text, username, ...sender }: Sender & Wording & { username: string }): Wording {
  return worded(sender, subject, [
    text,
    '',
    `You get this as you have the account ${username} at ${sender.publicName}.`,
  ]);
}

/** An invitation. */
export function invitationMail({ link, by, ...sender }: Sender & { link: string; by: string }): Wording {
  return worded(sender, `You are invited to ${sender.publicName}`, [
    `${by} invites you to ${sender.publicName}, where Linux containers get a name,`,
    'an address and logins. To choose a login name and a password, open',
    '',
    link,
    '',
    'within 24 hours. The link works once. If you did not expect this, do',
    'nothing: no account is made without you.',
  ]);
}

/** To whoever registered with this address, to show that it is his. */
export function verificationMail({ link, ...sender }: Sender & { link: string }): Wording {
  return worded(sender, `Confirm your address for ${sender.publicName}`, [
    `Somebody, probably you, gave this address to ${sender.publicName}. To confirm`,
    'that it is yours, open',
    '',
    link,
    '',
    'within 24 hours. The link works once. If it was not you, do nothing:',
    'without the link nothing comes of it.',
  ]);
}

/** To whom somebody wanted to register with an address that has an account already. */
export function alreadyKnownMail({ username, ...sender }: Sender & { username: string }): Wording {
  return worded(sender, `You have an account at ${sender.publicName} already`, [
    `Somebody, probably you, asked for an account at ${sender.publicName} with`,
    `this address. There is one already; its login name is ${username}.`,
    '',
    'If you have forgotten the password, get a new one at',
    '',
    `${sender.url}/forgot-password`,
    '',
    'If it was not you, do nothing.',
  ]);
}

/** A link for a new password. */
export function passwordResetMail({ username, link, ...sender }: Sender & { username: string; link: string }): Wording {
  return worded(sender, `A new password for ${sender.publicName}`, [
    `Somebody, probably you, asked for a new password for ${username} at`,
    `${sender.publicName}. To choose one, open`,
    '',
    link,
    '',
    'within an hour. The link works once. If it was not you, do nothing: the',
    'present password stays as it is.',
  ]);
}

/** Afterwards, so that nobody's password is changed behind his back. */
export function passwordChangedMail({ username, ...sender }: Sender & { username: string }): Wording {
  return worded(sender, `Your password for ${sender.publicName} was changed`, [
    `The password of ${username} at ${sender.publicName} was set anew by a link sent`,
    'to this address, and every session was ended.',
    '',
    'If it was not you, somebody reads your mail: tell an administrator at',
    'once.',
  ]);
}

/** To the address somebody had before, so that nobody's is changed behind his back. */
export function addressChangedMail({ username, ...sender }: Sender & { username: string }): Wording {
  return worded(sender, `Your address at ${sender.publicName} was changed`, [
    `The account ${username} at ${sender.publicName} has another address for mail`,
    'from now on; this one gets nothing more.',
    '',
    'If it was not you, somebody knows your password: tell an administrator',
    'at once.',
  ]);
}

/** To administrators, when somebody waits for them. */
export function waitsForApprovalMail(sender: Sender & { username: string; email: string }): Wording {
  const { username, email, url } = sender;
  return worded(sender, `${username} asks for an account at ${sender.publicName}`, [
    `${username} (${email})`,
    `asks for an account at ${sender.publicName}. To let him in, or not, open`,
    '',
    `${url}/people/${username}`,
    '',
    'Until then the account can do nothing.',
  ]);
}

/** To whoever has been let in. */
export function approvedMail({ username, ...sender }: Sender & { username: string }): Wording {
  return worded(sender, `Your account at ${sender.publicName} is ready`, [
    `An administrator has let you in to ${sender.publicName}. Sign in as ${username} at`,
    '',
    `${sender.url}/sign-in`,
  ]);
}

/** To whoever looks after a site or brought the domain, before a certificate ends that nobody renews. */
export function certificateEndsMail(
  letter: Sender & { name: string; domain: string; endsAt: number; now: number; trouble: string },
): Wording {
  const { name, domain, endsAt, now, trouble, ...sender } = letter;
  const over = endsAt <= now;
  const day = `${new Date(endsAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  const why =
    trouble === ''
      ? ['It was uploaded, so somebody has to upload the next one.']
      : ['It could not be renewed. The last try came to this:', '', `  ${trouble}`, '', 'It is tried again and again.'];
  return worded(sender, `The certificate of ${name} ${over ? 'has ended' : 'ends'}`, [
    `The certificate of ${name} ${over ? 'ended at' : 'ends at'}`,
    `${day}; from then on browsers warn everybody who comes.`,
    '',
    ...why,
    '',
    `${sender.url}/domains/${domain}`,
  ]);
}

function worded({ publicName, url }: Sender, subject: string, lines: readonly string[]): Wording {
  return { subject, text: `${lines.join('\n')}\n\n-- \n${publicName}\n${url}\n` };
}
