import { type PublicSettings, PublicSettingsSchema, SettingsService } from '@berth/proto/api/v1/settings_pb.js';
import { SignUpService } from '@berth/proto/api/v1/sign_up_pb.js';
import { create } from '@bufbuild/protobuf';
import { type Client, createClient } from '@connectrpc/connect';
import type { Context } from 'hono';
import { visitorOf, type WebEnv } from './session.ts';

/** The API for those who have no account, or cannot get into it. */
export function signUpClient(c: Context<WebEnv>): Client<typeof SignUpService> {
  return createClient(SignUpService, c.get('options').transportFor(visitorOf(c)));
}

/** What anybody may know of the installation. */
export async function publicSettings(c: Context<WebEnv>): Promise<PublicSettings> {
  const client = createClient(SettingsService, c.get('options').transportFor(visitorOf(c)));
  return (await client.getPublicSettings({})).settings ?? create(PublicSettingsSchema);
}
