import texts from './en/updates.json';
import { add } from './all';

add({ updates: texts });
