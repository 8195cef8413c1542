import texts from './en/execution.json';
import { add } from './all';

add({ execution: texts });
