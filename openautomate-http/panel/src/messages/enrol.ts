import texts from './en/enrol.json';
import { add } from './all';

add({ enrol: texts });
