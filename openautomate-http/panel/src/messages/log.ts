import texts from './en/log.json';
import { add } from './all';

add({ log: texts });
