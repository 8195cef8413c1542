import texts from './en/agents.json';
import { add } from './all';

add({ agents: texts });
