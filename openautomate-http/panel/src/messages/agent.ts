import texts from './en/agent.json';
import { add } from './all';

add({ agent: texts });
