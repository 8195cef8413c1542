import texts from './en/executions.json';
import { add } from './all';

add({ executions: texts });
