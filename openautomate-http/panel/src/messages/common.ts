import texts from './en/common.json';
import { add } from './all';

add({ common: texts });
