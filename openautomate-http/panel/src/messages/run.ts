import texts from './en/run.json';
import { add } from './all';

add({ run: texts });
