import texts from './en/triggers.json';
import { add } from './all';

add({ triggers: texts });
