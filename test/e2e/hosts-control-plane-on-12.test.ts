// Real hosts: the control plane on Debian 12, nginx and dnsmasq on Debian 13.
import { hostStory } from './support/host-story.ts';

hostStory({ core: 'debian-12', edge: 'debian-13' });
