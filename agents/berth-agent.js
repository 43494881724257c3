#!/usr/bin/env node
import { main } from './berth-agent.ts';

await main();
