// Real hosts: the control plane on Debian 13, nginx and dnsmasq on Debian 12.
import { hostStory } from './support/host-story.ts';

hostStory({ core: 'debian-13', edge: 'debian-12' });
