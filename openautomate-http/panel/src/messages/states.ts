import texts from './en/states.json';
import { add } from './all';

add({ states: texts });
