import { describe } from 'vitest';
import { killsAtEveryStep } from './support/kills.ts';

describe('the nginx agent is killed', () => killsAtEveryStep((lab) => lab.agents.web));
