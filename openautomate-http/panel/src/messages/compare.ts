import texts from './en/compare.json';
import { add } from './all';

add({ compare: texts });
