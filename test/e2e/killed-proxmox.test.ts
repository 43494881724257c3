import { describe } from 'vitest';
import { killsAtEveryStep } from './support/kills.ts';

describe('the proxmox agent is killed', () => killsAtEveryStep((lab) => lab.agents.pve));
