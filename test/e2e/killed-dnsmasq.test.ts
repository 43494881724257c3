import { describe } from 'vitest';
import { killsAtEveryStep } from './support/kills.ts';

describe('the dnsmasq agent is killed', () => killsAtEveryStep((lab) => lab.agents.dns));
