#!/usr/bin/env node
import './berth-agent.ts';
